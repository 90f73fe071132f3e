//! Calls to an integration's API that are passed on: which addresses they reach, which headers go along, and what comes back.
//!
//! Nothing of what the caller wrote decides where the access token goes: the address is the declared base with a checked path after
//! it, and a redirect is an answer like any other.

mod call;
mod headers;
mod path;

use url::Url;

pub use call::{Answer, BODY_MOST, BadCall, Body, Call, Request};
pub use handclasp_outbound::{AnswerBody, StreamBody};
pub use headers::NotPassedOn;
pub use path::BadPath;

use crate::endpoint::Endpoint;

/// An integration's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    base: Endpoint,
}

impl Api {
    /// An API at this address.
    ///
    /// # Errors
    /// What is wrong, as a clause.
    pub(crate) fn new(base: Endpoint) -> Result<Self, &'static str> {
        if base.url().query().is_some() {
            return Err("must have no query");
        }
        Ok(Self { base })
    }

    /// The address that paths are put after.
    pub fn base_url(&self) -> &Url {
        self.base.url()
    }
}
