//! Sending the person to the third party.

use url::Url;

use super::declaration::{OAuth2Code, Pkce, ResponseMode, ScopeSeparator};
use crate::client::{Begin, Client};
use crate::template::Unfilled;
use crate::values::Values;

impl Client {
    /// The address that the person is sent to (RFC 6749, 4.1.1).
    pub(crate) fn authorization_url(
        &self,
        declared: &OAuth2Code,
        request: &Begin<'_>,
    ) -> Result<Url, Unfilled> {
        let mut known = self.known(request.person);
        let (client_id, _) = self.id_and_secret(&known);
        let scopes = join(request.scopes, declared.token.scope_separator);
        known.set("redirect_uri", request.redirect_uri.as_str());
        known.set("state", request.state);
        known.set("scopes", scopes.clone());
        let mut url = declared.authorization_endpoint.url(&known)?;

        let mut pairs = vec![
            ("response_type", "code".to_owned()),
            ("client_id", client_id),
            (
                "redirect_uri",
                declared.sent_redirect_uri(request.redirect_uri, &known)?,
            ),
        ];
        if !scopes.is_empty() {
            pairs.push(("scope", scopes));
        }
        pairs.retain(|(name, _)| !declared.authorize_without.iter().any(|left| left == name));
        pairs.push(("state", request.state.to_owned()));
        match declared.pkce {
            Pkce::S256 => {
                pairs.push(("code_challenge", request.verifier.challenge()));
                pairs.push(("code_challenge_method", "S256".to_owned()));
            }
            Pkce::Unsupported => {}
        }
        match declared.response_mode {
            ResponseMode::Query => {}
            ResponseMode::FormPost => pairs.push(("response_mode", "form_post".to_owned())),
        }
        if let Some(nonce) = request.nonce {
            pairs.push(("nonce", nonce.to_owned()));
        }
        pairs.retain(|(name, _)| !declared.authorize_parameters.contains_key(*name));
        {
            let mut query = url.query_pairs_mut();
            for (name, value) in &pairs {
                query.append_pair(name, value);
            }
            for (name, template) in &declared.authorize_parameters {
                match template.fill(&known) {
                    Ok(value) => {
                        query.append_pair(name, &value);
                    }
                    Err(Unfilled::Missing(value)) if self.integration.may_lack(&value) => {}
                    Err(unfilled) => return Err(unfilled),
                }
            }
        }
        Ok(url)
    }
}

impl OAuth2Code {
    /// What is sent as `redirect_uri`: the callback's address, or what stands for it.
    pub(super) fn sent_redirect_uri(
        &self,
        address: &Url,
        known: &Values,
    ) -> Result<String, Unfilled> {
        match &self.redirect_uri {
            None => Ok(address.to_string()),
            Some(template) => template.fill(known),
        }
    }
}

/// Scopes as one text, as the third party has them.
pub(super) fn join(scopes: &[String], separator: ScopeSeparator) -> String {
    let mut text = String::new();
    for scope in scopes {
        if !text.is_empty() {
            text.push(separator.as_char());
        }
        text.push_str(scope);
    }
    text
}
