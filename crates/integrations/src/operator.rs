//! What a client's staff enter for an integration, and what is bound to where it leads.

use crate::declaration::{Auth, Integration};
use crate::endpoint::Endpoint;
use crate::oauth2::{Fingerprint, Identity, OAuth2Code, is_scope};

/// Something that a client's staff enter once for an integration, as the id of their registration at the third party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorField {
    /// Its name.
    pub name: String,
    /// What it is called, as in `Client secret`. Shown as it is in every language.
    pub label: String,
    /// Whether it is a secret: then it is never told again, and good for the endpoints alone for which it was entered.
    pub secret: bool,
    /// Whether it may be left out.
    pub optional: bool,
}

/// The name of the field with the client id of an OAuth registration.
pub const CLIENT_ID: &str = "client_id";

/// The name of the field with the client secret of an OAuth registration.
pub const CLIENT_SECRET: &str = "client_secret";

impl OperatorField {
    fn new(name: &str, label: &str, secret: bool) -> Self {
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            secret,
            optional: false,
        }
    }

    /// Reads what was entered. Spaces around it, which come from copying, are taken off.
    ///
    /// # Errors
    /// What is wrong, as a clause.
    pub fn read<'a>(&self, entered: &'a str) -> Result<&'a str, &'static str> {
        let value = entered.trim();
        if value.len() > 1000 || value.bytes().any(|byte| !byte.is_ascii_graphic()) {
            return Err("must have at most 1000 visible ASCII characters and no space");
        }
        Ok(value)
    }
}

impl Auth {
    /// What a client's staff enter for this kind of authorization, in the order in which it is asked for.
    pub fn operator_fields(&self) -> Vec<OperatorField> {
        match self {
            Self::OAuth2Code(_) => vec![
                OperatorField::new(CLIENT_ID, "Client id", false),
                OperatorField::new(CLIENT_SECRET, "Client secret", true),
            ],
        }
    }
}

impl Integration {
    /// Whether it leads to the server's own third party. Nobody registers there by hand: both sides derive what they need.
    pub fn is_built_in(&self) -> bool {
        match &self.auth {
            Auth::OAuth2Code(declared) => declared.is_built_in(),
        }
    }

    /// What a client's staff enter for it; nothing for what is built in.
    pub fn operator_fields(&self) -> Vec<OperatorField> {
        if self.is_built_in() {
            return Vec::new();
        }
        self.auth.operator_fields()
    }

    /// What identifies where it leads: secrets are bound to it.
    pub fn fingerprint(&self) -> Fingerprint {
        match &self.auth {
            Auth::OAuth2Code(declared) => declared.fingerprint(),
        }
    }

    /// What is asked for at the third party, unless the client set scopes of its own.
    pub fn scopes(&self) -> &[String] {
        match &self.auth {
            Auth::OAuth2Code(declared) => &declared.scopes,
        }
    }

    /// Without which scopes a connection is of no use.
    pub fn required_scopes(&self) -> &[String] {
        match &self.auth {
            Auth::OAuth2Code(declared) => &declared.required_scopes,
        }
    }

    /// Whether a text can be one of its scopes.
    pub fn is_scope(&self, text: &str) -> bool {
        match &self.auth {
            Auth::OAuth2Code(declared) => is_scope(text, declared.scope_separator.as_char()),
        }
    }
}

impl OAuth2Code {
    /// Whether everything that ever sees a secret is the server's own.
    fn is_built_in(&self) -> bool {
        let identity = self.identity.as_ref().map(|identity| match identity {
            Identity::Call { endpoint, .. } => endpoint,
        });
        [&self.authorization_endpoint, &self.token_endpoint]
            .into_iter()
            .chain(&self.revocation_endpoint)
            .chain(identity)
            .all(Endpoint::is_built_in)
    }
}
