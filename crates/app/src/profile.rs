//! The client's profile: its name, and where journeys end.

use handclasp_domain::redirect::{AllowedOrigin, RedirectTemplate};
use handclasp_domain::{ClientId, FieldError, Id, Secret, parse_name};
use handclasp_store::audit::{self};
use handclasp_store::client;
use handclasp_vault::Cell;

use crate::{App, AppError, Caller, Client, while_raced};

/// What a profile is replaced with.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    /// The client's name, as its customers know it.
    pub name: String,
    /// Where journeys end; empty for the confirmation screen.
    pub redirect_url: String,
    /// The allowed redirect URLs.
    pub allowed_redirect_urls: Vec<String>,
    /// The address of the client's logo. Nothing of ours loads it: it is kept for whoever asks.
    pub logo_url: Option<String>,
    /// The address of the client's icon, kept likewise.
    pub icon_url: Option<String>,
    /// Whether the client says that its name is confirmed, kept likewise.
    pub confirm_company_name: bool,
    /// What messages of rules carry as `Authorization`.
    pub alert_auth_header: AlertAuthHeader,
}

/// What becomes of the secret that messages of rules carry as `Authorization`. It is never told again, so whoever reads a profile and
/// puts it back must not lose it.
#[derive(Debug, Clone, Default)]
pub enum AlertAuthHeader {
    /// It stays what it is.
    #[default]
    Keep,
    /// There is none any more.
    Remove,
    /// It is this.
    Set(Secret<String>),
}

/// A change that was checked, its secret sealed.
#[derive(Clone)]
struct Checked {
    change: ProfileChange,
    sealed: Option<Vec<u8>>,
}

/// The longest `Authorization`, in characters.
const AUTHORIZATION_MAX: usize = 2_048;

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
        let change = ProfileChange {
            name,
            logo_url: self.picture("logoUrl", change.logo_url.as_deref())?,
            icon_url: self.picture("iconUrl", change.icon_url.as_deref())?,
            ..change
        };
        let checked = Checked {
            sealed: self.seal_header(caller.client, &change.alert_auth_header)?,
            change,
        };
        while_raced(|| self.change_profile_once(caller, &checked)).await?;
        self.client(caller.client).await
    }

    /// The secret that messages of rules carry as `Authorization`; none where none is set.
    pub fn open_alert_auth_header(
        &self,
        client: &Client,
    ) -> Result<Option<Secret<String>>, AppError> {
        let sealed = client.alert_auth_header.as_deref();
        sealed
            .map(|sealed| self.vault().open_text(&header_cell(client.id), sealed))
            .transpose()
            .map_err(|_| AppError::Internal("a profile's alertAuthHeader can't be opened"))
    }

    /// Takes the address of a picture: one that a page elsewhere can show, and that leads into nobody's own network.
    fn picture(&self, field: &str, text: Option<&str>) -> Result<Option<String>, FieldError> {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let url = self.parse_customer_url(field, text)?;
        // Where the operator allowed ranges, calls may be plain. Pictures on pages may not.
        if url.scheme() != "https" {
            return Err(FieldError::new(field, "must begin with https://"));
        }
        Ok(Some(url.into()))
    }

    fn seal_header(
        &self,
        client: ClientId,
        header: &AlertAuthHeader,
    ) -> Result<Option<Vec<u8>>, AppError> {
        match header {
            AlertAuthHeader::Keep | AlertAuthHeader::Remove => Ok(None),
            AlertAuthHeader::Set(secret) => {
                check_header(secret.expose())?;
                self.vault()
                    .seal(&header_cell(client), secret.expose().as_bytes())
                    .map(Some)
                    .map_err(|_| AppError::Internal("an alertAuthHeader can't be sealed"))
            }
        }
    }

    async fn change_profile_once(
        &self,
        caller: &Caller,
        checked: &Checked,
    ) -> Result<(), AppError> {
        let entry = self.entry(caller, "profile.update", self.now());
        let mark = (caller.client, entry.id);
        self.carry_out(
            "change_profile",
            mark,
            (checked.clone(), entry),
            |tx, (checked, entry)| {
                Box::pin(async move {
                    let Some(mut client) = client::find(tx, entry.client).await? else {
                        return Err(AppError::NotFound("client"));
                    };
                    checked.apply_to(&mut client);
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

impl Checked {
    fn apply_to(&self, client: &mut Client) {
        let Self { change, sealed } = self;
        client.name.clone_from(&change.name);
        client.redirect_url.clone_from(&change.redirect_url);
        client
            .allowed_redirect_urls
            .clone_from(&change.allowed_redirect_urls);
        client.logo_url.clone_from(&change.logo_url);
        client.icon_url.clone_from(&change.icon_url);
        client.confirm_company_name = change.confirm_company_name;
        match change.alert_auth_header {
            AlertAuthHeader::Keep => {}
            AlertAuthHeader::Remove | AlertAuthHeader::Set(_) => {
                client.alert_auth_header.clone_from(sealed);
            }
        }
    }
}

/// A header's value that every program in between takes as it is: visible ASCII, spaces only inside (RFC 9110, 5.5).
fn check_header(text: &str) -> Result<(), FieldError> {
    let refuse = |problem: String| Err(FieldError::new("alertAuthHeader", problem));
    if text.len() > AUTHORIZATION_MAX {
        return refuse(format!("must have at most {AUTHORIZATION_MAX} characters"));
    }
    if text.bytes().any(|byte| !matches!(byte, b' '..=b'~')) {
        return refuse("must have ASCII letters, digits, signs and spaces only".to_owned());
    }
    if text.trim() != text {
        return refuse("must not begin or end with a space".to_owned());
    }
    Ok(())
}

fn header_cell(client: ClientId) -> Cell {
    Cell {
        client: Some(client),
        table: "client",
        row: client.uuid(),
        column: "alert_auth_header",
    }
}
