//! Sending the person to the third party.

use url::Url;

use super::declaration::{OAuth2Code, Pkce};
use super::pkce::Verifier;
use super::registration::Client;

/// What one authorization request is about.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizationUrl<'a> {
    /// Where the person is to be sent back: one address per client and integration, registered there.
    pub redirect_uri: &'a Url,
    /// The single-use value that ties the answer to this request.
    pub state: &'a str,
    /// The request's proof key. Its challenge goes along where the third party takes one.
    pub verifier: &'a Verifier,
    /// Ties an ID token to this request (OpenID Connect Core, 3.1.2.1), where one is asked for.
    pub nonce: Option<&'a str>,
    /// What to ask for: the declaration's scopes, or the client's own.
    pub scopes: &'a [String],
}

impl Client {
    /// The address that the person is sent to (RFC 6749, 4.1.1).
    pub fn authorization_url(&self, request: &AuthorizationUrl<'_>) -> Url {
        let declaration = &self.declaration;
        let mut url = declaration.authorization_endpoint.url().clone();
        {
            let mut query = url.query_pairs_mut();
            query
                .append_pair("response_type", "code")
                .append_pair("client_id", self.registration.client_id())
                .append_pair("redirect_uri", request.redirect_uri.as_str())
                .append_pair("state", request.state);
            if !request.scopes.is_empty() {
                query.append_pair("scope", &declaration.join_scopes(request.scopes));
            }
            match declaration.pkce {
                Pkce::S256 => {
                    query
                        .append_pair("code_challenge", &request.verifier.challenge())
                        .append_pair("code_challenge_method", "S256");
                }
                Pkce::Unsupported => {}
            }
            if let Some(nonce) = request.nonce {
                query.append_pair("nonce", nonce);
            }
            for (name, value) in &declaration.authorize_parameters {
                query.append_pair(name, value);
            }
        }
        url
    }
}

impl OAuth2Code {
    /// Scopes as one text, as this third party has them.
    pub(super) fn join_scopes(&self, scopes: &[String]) -> String {
        let mut text = String::new();
        for scope in scopes {
            if !text.is_empty() {
                text.push(self.scope_separator.as_char());
            }
            text.push_str(scope);
        }
        text
    }
}
