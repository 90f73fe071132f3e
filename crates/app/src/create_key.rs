//! A further API key.

use handclasp_domain::{ApiKey, FieldError, Id, Scopes, Secret, is_one_line};
use handclasp_store::audit::{self, AuditEntry};
use handclasp_store::client;

use crate::{ApiKeyText, App, AppError, Caller, Refusal};

/// How many API keys a client may have.
pub const KEYS_MOST: usize = 10;

/// The longest name of an API key, in characters.
const NAME_MOST: usize = 50;

/// What an API key is created with.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// The client's name for it.
    pub name: Option<String>,
    /// What it may do.
    pub scopes: Scopes,
}

/// An API key that was just made.
#[derive(Debug)]
pub struct MadeApiKey {
    /// The key.
    pub key: ApiKey,
    /// Its text, shown this once.
    pub text: Secret<String>,
}

impl App {
    /// Makes an API key that may do no more than `holds`, which is what its maker may.
    pub async fn create_api_key(
        &self,
        caller: &Caller,
        holds: Scopes,
        new: NewApiKey,
    ) -> Result<MadeApiKey, AppError> {
        let name = parse_key_name(new.name.as_deref())?;
        if let Some(lacking) = new.scopes.iter().find(|scope| !holds.has(*scope)) {
            return Err(Refusal::NotHeld(lacking).into());
        }
        let (text, stored) = ApiKeyText::draw(caller.client, &**self.random());
        let key = ApiKey {
            client: caller.client,
            id: self.id(),
            name,
            scopes: new.scopes,
            created: self.now(),
            last_used: None,
        };
        let entry = AuditEntry {
            subject: Some(key.id.uuid()),
            ..self.entry(caller, "key.create", key.created)
        };
        let mark = caller.mark(&entry);
        let input = (key, text, stored, entry);
        self.carry_out_once(
            "create_api_key",
            mark,
            input,
            |tx, (key, text, stored, entry)| {
                Box::pin(async move {
                    // The operator may name a client that there is not.
                    if client::find(tx, key.client).await?.is_none() {
                        return Err(AppError::NotFound("client"));
                    }
                    // Under SERIALIZABLE two that count at once do not both get in.
                    if client::keys(tx, key.client).await?.len() >= KEYS_MOST {
                        return Err(Refusal::TooManyKeys.into());
                    }
                    client::insert_key(tx, key, stored.hash()).await?;
                    audit::insert(tx, entry).await?;
                    Ok(MadeApiKey {
                        key: key.clone(),
                        text: Secret::new(text.expose().clone()),
                    })
                })
            },
        )
        .await
    }
}

/// Takes a key's name, trimming it. An empty one is none.
fn parse_key_name(text: Option<&str>) -> Result<Option<String>, FieldError> {
    let name = text.unwrap_or_default().trim();
    if name.chars().count() > NAME_MOST {
        return Err(FieldError::new("name", "must have at most 50 characters"));
    }
    if !is_one_line(name) {
        return Err(FieldError::new("name", "must not have control characters"));
    }
    Ok((!name.is_empty()).then(|| name.to_owned()))
}
