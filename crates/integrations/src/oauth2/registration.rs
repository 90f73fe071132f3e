//! Our registration at a third party, and what it is bound to.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_domain::Secret;

use super::declaration::{ClientAuthentication, Identity, OAuth2Code};

/// What identifies a declaration's endpoints: a SHA-256 over the key, the endpoints as declared, the issuer
/// and the way of authenticating. Kept beside a registration. Where the server's own sandbox stands is a setting of
/// the server and no part of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

/// A text is not a fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a fingerprint of endpoints")]
pub struct NotAFingerprint;

/// The stored form.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl FromStr for Fingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Self, NotAFingerprint> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotAFingerprint)?;
        bytes.try_into().map(Self).map_err(|_| NotAFingerprint)
    }
}

impl OAuth2Code {
    /// What identifies these endpoints.
    pub fn fingerprint(&self) -> Fingerprint {
        let authentication = match self.client_authentication {
            ClientAuthentication::Basic => "basic",
            ClientAuthentication::Post => "post",
        };
        let identity = self.identity.as_ref().map(|identity| match identity {
            Identity::Call { endpoint, .. } => endpoint.template(),
        });
        let parts = [
            Some("handclasp oauth2 endpoints 1"),
            Some(self.key.as_str()),
            Some(self.authorization_endpoint.template()),
            Some(self.token_endpoint.template()),
            self.revocation_endpoint
                .as_ref()
                .map(|endpoint| endpoint.template()),
            self.issuer.as_ref().map(|issuer| issuer.template.as_str()),
            Some(authentication),
            identity,
        ];
        let mut context = digest::Context::new(&digest::SHA256);
        for part in parts {
            // The length first, so that no two lists of parts run together into one text.
            match part {
                None => context.update(&u64::MAX.to_be_bytes()),
                Some(part) => {
                    context.update(&(part.len() as u64).to_be_bytes());
                    context.update(part.as_bytes());
                }
            }
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        Fingerprint(bytes)
    }
}

/// A client's own registration at a third party, bound to the endpoints for which it was entered.
#[derive(Debug, Clone)]
pub struct Registration {
    client_id: String,
    client_secret: Secret<String>,
    bound_to: Fingerprint,
}

/// A client id or secret cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRegistration {
    /// The id is empty, too long, or has other than visible characters of ASCII.
    #[error("the client id must have 1 to 1000 visible ASCII characters and no space")]
    ClientId,
    /// The secret is empty, too long, or has other than visible characters of ASCII.
    #[error("the client secret must have 1 to 1000 visible ASCII characters and no space")]
    ClientSecret,
}

impl Registration {
    /// As entered for this declaration. Spaces around the values, which come from copying, are taken off.
    ///
    /// # Errors
    /// [`BadRegistration`] says which of the two cannot be right.
    pub fn new(
        declaration: &OAuth2Code,
        client_id: &str,
        client_secret: &Secret<String>,
    ) -> Result<Self, BadRegistration> {
        let good = |text: &str| {
            (1..=1000).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
        };
        let client_id = client_id.trim();
        if !good(client_id) {
            return Err(BadRegistration::ClientId);
        }
        let secret = client_secret.expose().trim();
        if !good(secret) {
            return Err(BadRegistration::ClientSecret);
        }
        Ok(Self {
            client_id: client_id.to_owned(),
            client_secret: Secret::new(secret.to_owned()),
            bound_to: declaration.fingerprint(),
        })
    }

    /// As it was stored.
    pub fn from_stored(
        client_id: String,
        client_secret: Secret<String>,
        bound_to: Fingerprint,
    ) -> Self {
        Self {
            client_id,
            client_secret,
            bound_to,
        }
    }

    /// The client id, which is public.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The client secret, to be sealed.
    pub fn client_secret(&self) -> &Secret<String> {
        &self.client_secret
    }

    /// What it is bound to, to be stored beside it.
    pub fn bound_to(&self) -> Fingerprint {
        self.bound_to
    }
}

/// The integration's endpoints are not those for which the registration was entered: it must be entered again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the integration's endpoints changed since its client id and secret were entered")]
pub struct ChangedEndpoints;

/// A declaration together with the registration for it: what every step of the protocol goes through. There
/// is no other way to the endpoints with a secret in hand, so none can go to changed ones.
#[derive(Debug, Clone)]
pub struct Client {
    pub(super) declaration: Arc<OAuth2Code>,
    pub(super) registration: Registration,
}

impl Client {
    /// Puts the two together.
    ///
    /// # Errors
    /// [`ChangedEndpoints`] where the registration was entered for other endpoints.
    pub fn new(
        declaration: Arc<OAuth2Code>,
        registration: Registration,
    ) -> Result<Self, ChangedEndpoints> {
        if declaration.fingerprint() != registration.bound_to {
            return Err(ChangedEndpoints);
        }
        Ok(Self {
            declaration,
            registration,
        })
    }

    /// The declaration.
    pub fn declaration(&self) -> &OAuth2Code {
        &self.declaration
    }
}
