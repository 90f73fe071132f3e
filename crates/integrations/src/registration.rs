//! What a client's staff entered for an integration, and what it is bound to.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_domain::Secret;

use crate::integration::Integration;
use crate::surface::surface;

/// What identifies where a declaration sends what an operator entered: a SHA-256 over the key and all that says which addresses are
/// called, and how. Kept beside a registration. Where the server's own sandbox stands is a setting of the server and no part of it.
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

impl Integration {
    /// What identifies these endpoints.
    pub fn fingerprint(&self) -> Fingerprint {
        if let Some(known) = self.fingerprint {
            return known;
        }
        let mut context = digest::Context::new(&digest::SHA256);
        let mut part = |text: &str| {
            // The length first, so that no two lists of parts run together into one text.
            context.update(&(text.len() as u64).to_be_bytes());
            context.update(text.as_bytes());
        };
        part("handclasp endpoints 2");
        part(self.key.as_str());
        for (what, where_to) in surface(self) {
            part(&what);
            part(&where_to);
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        Fingerprint(bytes)
    }
}

/// What a client's staff entered for an integration, bound to the endpoints for which it was entered.
#[derive(Debug, Clone)]
pub struct Registration {
    values: BTreeMap<String, Secret<String>>,
    bound_to: Fingerprint,
}

/// What was entered cannot be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct BadRegistration {
    /// The field.
    pub field: String,
    /// What is wrong, as a clause. It repeats nothing of what was entered.
    pub problem: &'static str,
}

impl Registration {
    /// As entered for this integration. Spaces around the values, which come from copying, are taken off.
    ///
    /// # Errors
    /// [`BadRegistration`] names the first field that is missing, not known or cannot be right.
    pub fn new(
        integration: &Integration,
        entered: &BTreeMap<String, Secret<String>>,
    ) -> Result<Self, BadRegistration> {
        let bad = |field: &str, problem| BadRegistration {
            field: field.to_owned(),
            problem,
        };
        if let Some(unknown) = entered.keys().find(|name| {
            integration
                .operator
                .iter()
                .all(|field| field.name != **name)
        }) {
            return Err(bad(unknown, "is not a field of this integration"));
        }
        let mut values = BTreeMap::new();
        for field in &integration.operator {
            let entered = entered.get(&field.name).map_or("", |value| value.expose());
            let text = field
                .read(entered)
                .map_err(|problem| bad(&field.name, problem))?;
            if text.is_empty() {
                if field.optional {
                    continue;
                }
                return Err(bad(&field.name, "is required"));
            }
            values.insert(field.name.clone(), Secret::new(text.to_owned()));
        }
        Ok(Self {
            values,
            bound_to: integration.fingerprint(),
        })
    }

    /// As it was stored.
    pub fn from_stored(values: BTreeMap<String, Secret<String>>, bound_to: Fingerprint) -> Self {
        Self { values, bound_to }
    }

    /// All that was entered, to be sealed.
    pub fn values(&self) -> &BTreeMap<String, Secret<String>> {
        &self.values
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
