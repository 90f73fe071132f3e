//! How calls to an integration's API are made; and those that are passed on for a client: which addresses they reach, which headers go
//! along, and what comes back.
//!
//! Nothing of what the caller wrote decides where a connection's keys go: the address is the declared base with a checked path after
//! it, and a redirect is an answer like any other.

mod call;
mod headers;
mod path;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use handclasp_domain::Secret;
use handclasp_outbound::Request as Outgoing;
pub use handclasp_outbound::{AnswerBody, StreamBody};
use http::HeaderName;
use http::header::AUTHORIZATION;

pub use self::call::{Answer, BODY_MOST, BadCall, Body, Call, NotSent, Request};
pub use self::headers::NotPassedOn;
pub use self::path::BadPath;
use crate::call::add_headers;
use crate::endpoint::Endpoint;
use crate::held::Held;
use crate::provider::{ProviderFailure, sensitive};
use crate::template::Template;
use crate::values::Values;

/// How calls to an integration's API are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// Where it stands: what a call's path is appended to.
    pub base: Endpoint,
    /// How a call shows what it may.
    pub authorization: ApiAuthorization,
    /// Headers of every call, as the one that names the connected company.
    pub headers: BTreeMap<String, Template>,
    /// Parameters of every call's query.
    pub query: BTreeMap<String, Template>,
}

/// How a call shows what it may.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ApiAuthorization {
    /// By `Authorization: Bearer` and the access token (RFC 6750, 2.1).
    #[default]
    Bearer,
    /// By HTTP Basic (RFC 7617).
    Basic {
        /// The user's name.
        user: Template,
        /// The password.
        password: Template,
    },
    /// By a header.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: Template,
    },
    /// By a parameter of the query.
    Query {
        /// Its name.
        name: String,
        /// Its value.
        value: Template,
    },
    /// By a signature (RFC 5849, 3).
    OAuth1,
}

impl Api {
    /// Adds to a request what the API wants of each: headers, parameters, and who calls. A signature is added by whoever has the
    /// secrets for it.
    pub(crate) fn authorize(
        &self,
        request: &mut Outgoing,
        held: &Held,
        values: &Values,
    ) -> Result<(), ProviderFailure> {
        add_headers(request, &self.headers, values)?;
        for (name, template) in &self.query {
            let value = template.fill(values)?;
            request.url.query_pairs_mut().append_pair(name, &value);
        }
        match &self.authorization {
            ApiAuthorization::Bearer => bearer(request, held),
            ApiAuthorization::Basic { user, password } => {
                let (user, password) = (user.fill(values)?, password.fill(values)?);
                let joined = Secret::new(format!("{user}:{password}"));
                let value = Secret::new(format!("Basic {}", STANDARD.encode(joined.expose())));
                request.headers.insert(AUTHORIZATION, sensitive(&value)?);
                Ok(())
            }
            ApiAuthorization::Header { name, value } => {
                let value = Secret::new(value.fill(values)?);
                // Declarations are checked: a name is one.
                if let Ok(name) = HeaderName::try_from(name.as_str()) {
                    request.headers.insert(name, sensitive(&value)?);
                }
                Ok(())
            }
            ApiAuthorization::Query { name, value } => {
                let value = value.fill(values)?;
                request.url.query_pairs_mut().append_pair(name, &value);
                Ok(())
            }
            ApiAuthorization::OAuth1 => Ok(()),
        }
    }
}

/// Adds the access token, in the usual way.
pub(crate) fn bearer(request: &mut Outgoing, held: &Held) -> Result<(), ProviderFailure> {
    let value = Secret::new(format!("{} {}", held.token_type, held.access_token));
    request.headers.insert(AUTHORIZATION, sensitive(&value)?);
    Ok(())
}
