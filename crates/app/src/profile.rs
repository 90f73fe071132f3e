//! The client's profile: its name, and where journeys end.

use handclasp_domain::redirect::{AllowedOrigin, RedirectTemplate};
use handclasp_domain::{AuditId, FieldError, parse_name};
use handclasp_store::audit::{self, AuditEntry};
use handclasp_store::client;

use crate::{App, AppError, Caller, Client, while_raced};

/// What a profile is replaced with.
#[derive(Debug, Clone)]
pub struct ProfileChange {
    /// The client's name, as its customers know it.
    pub name: String,
    /// Where journeys end; empty for the confirmation screen.
    pub redirect_url: String,
    /// The allowed redirect URLs.
    pub allowed_redirect_urls: Vec<String>,
}

/// The longest list of allowed redirect URLs.
const ALLOWED_MAX: usize = 100;

impl App {
    /// Replaces the profile.
    pub async fn change_profile(
        &self,
        caller: &Caller,
        change: ProfileChange,
    ) -> Result<Client, AppError> {
        let name = parse_name(&change.name)?;
        if !change.redirect_url.is_empty() {
            RedirectTemplate::parse(&change.redirect_url)?;
        }
        if change.allowed_redirect_urls.len() > ALLOWED_MAX {
            return Err(FieldError::new(
                "whiteListUrls",
                format!("must have at most {ALLOWED_MAX} entries"),
            )
            .into());
        }
        for (index, url) in change.allowed_redirect_urls.iter().enumerate() {
            AllowedOrigin::parse(&format!("whiteListUrls[{index}]"), url)?;
        }
        let change = ProfileChange { name, ..change };
        while_raced(|| self.change_profile_once(caller, &change)).await?;
        self.client(caller.client).await
    }

    async fn change_profile_once(
        &self,
        caller: &Caller,
        change: &ProfileChange,
    ) -> Result<(), AppError> {
        let entry = AuditEntry {
            client: caller.client,
            id: self.logged_id::<AuditId>(),
            at: self.now(),
            actor: caller.actor,
            action: "profile.update",
            company: None,
            subject: None,
            address: caller.address.clone(),
            correlation: caller.correlation,
        };
        let mark = (caller.client, entry.id);
        self.carry_out(
            "change_profile",
            mark,
            (change.clone(), entry),
            |tx, (change, entry)| {
                Box::pin(async move {
                    let Some(mut client) = client::find(tx, entry.client).await? else {
                        return Err(AppError::NotFound("client"));
                    };
                    client.name.clone_from(&change.name);
                    client.redirect_url.clone_from(&change.redirect_url);
                    client
                        .allowed_redirect_urls
                        .clone_from(&change.allowed_redirect_urls);
                    if !client::update(tx, &client).await? {
                        return Err(AppError::Raced);
                    }
                    audit::insert(tx, entry).await?;
                    Ok(())
                })
            },
        )
        .await
    }
}
