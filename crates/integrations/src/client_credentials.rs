//! What a declaration says about a client credentials flow (RFC 6749, 4.4).

use crate::oauth2::TokenEndpoint;
use crate::template::Template;

/// How a third party does the client credentials flow, as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCredentials {
    /// The token endpoint.
    pub token: TokenEndpoint,
    /// The client id, where the person gives it and not the operator.
    pub client_id: Option<Template>,
    /// The client secret, where the person gives it.
    pub client_secret: Option<Template>,
}
