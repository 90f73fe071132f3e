//! The calls to a token endpoint, and the end of a token.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use handclasp_domain::Secret;
use handclasp_outbound::{Request, Response};
use http::Method;
use http::header::AUTHORIZATION;
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::answer::{RefreshToken, TokenAnswer};
use super::assertion::{Who, assertion};
use super::authorize::join;
use super::declaration::{
    ClientAuthentication, OAuth2Code, Pkce, Quirk, RefreshTokens, RevokedToken, TokenBody,
    TokenEndpoint,
};
use crate::call::{add_headers, set_form, set_json};
use crate::client::{Begin, Calls, Client, Granted, RefreshFailure};
use crate::client_credentials::ClientCredentials;
use crate::declared_error;
use crate::endpoint::Endpoint;
use crate::held::Held;
use crate::provider::{ProviderFailure, Unintelligible, judge, send, sensitive, unintelligible};
use crate::template::Template;
use crate::values::Values;

/// One request to a token endpoint.
struct TokenRequest<'a> {
    endpoint: &'a Endpoint,
    authentication: ClientAuthentication,
    /// What the protocol sends.
    fields: Vec<(&'static str, String)>,
    /// What the declaration adds.
    parameters: [&'a BTreeMap<String, Template>; 2],
    known: Values,
}

/// Who we are at a token endpoint, and how that is shown.
struct Identity {
    way: ClientAuthentication,
    id: String,
    secret: Secret<String>,
    /// What an assertion says, where it is not the usual.
    issuer: Option<String>,
    audience: Option<String>,
}

impl Client {
    /// Exchanges a code for tokens (RFC 6749, 4.1.3).
    pub(crate) async fn exchange(
        &self,
        declared: &OAuth2Code,
        calls: &Calls<'_>,
        begin: &Begin<'_>,
        code: &Secret<String>,
        own: Values,
    ) -> Result<Granted, ProviderFailure> {
        let mut known = self.known(&own);
        known.set("redirect_uri", begin.redirect_uri.as_str());
        let mut fields = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.expose().clone()),
            (
                "redirect_uri",
                declared.sent_redirect_uri(begin.redirect_uri, &known)?,
            ),
        ];
        match declared.pkce {
            Pkce::S256 => fields.push(("code_verifier", begin.verifier.secret().expose().clone())),
            Pkce::Unsupported => {}
        }
        let token = &declared.token;
        let request = TokenRequest {
            endpoint: &token.endpoint,
            authentication: token.client_authentication,
            fields,
            parameters: [&token.parameters, &token.exchange_parameters],
            known,
        };
        let answer = self.tokens(token, calls, request, begin.scopes).await?;
        Ok(answer.granted(None, own))
    }

    /// Fetches a fresh access token (RFC 6749, 6).
    pub(crate) async fn refresh_token(
        &self,
        token: &TokenEndpoint,
        calls: &Calls<'_>,
        held: &Held,
        redirect_uri: &Url,
        granted: &[String],
    ) -> Result<Granted, RefreshFailure> {
        let rotates = match token.refresh_tokens {
            RefreshTokens::Rotate => true,
            RefreshTokens::Stay => false,
            RefreshTokens::None => return Err(RefreshFailure::NotOffered),
        };
        let Some(refresh_token) = &held.refresh_token else {
            return Err(RefreshFailure::NotOffered);
        };
        let mut known = self.known(&held.values);
        known.set("redirect_uri", redirect_uri.as_str());
        known.set("access_token", held.access_token.clone());
        let request = TokenRequest {
            endpoint: token.refresh_endpoint.as_ref().unwrap_or(&token.endpoint),
            authentication: token
                .refresh_client_authentication
                .unwrap_or(token.client_authentication),
            fields: vec![
                ("grant_type", "refresh_token".to_owned()),
                ("refresh_token", refresh_token.clone()),
            ],
            parameters: [&token.parameters, &token.refresh_parameters],
            known,
        };
        let answer = self.tokens(token, calls, request, granted).await?;
        if rotates && matches!(answer.refresh_token, RefreshToken::NotGiven) {
            tracing::warn!(
                integration = %self.integration.key,
                "the integration is declared to rotate refresh tokens and gave no new one; the old one is kept"
            );
        }
        Ok(answer.granted(Some(held), held.values.clone()))
    }

    /// Asks for a token with a client id and secret alone (RFC 6749, 4.4).
    pub(crate) async fn client_credentials(
        &self,
        declared: &ClientCredentials,
        calls: &Calls<'_>,
        scopes: &[String],
        own: Values,
    ) -> Result<Granted, ProviderFailure> {
        let token = &declared.token;
        let known = self.known(&own);
        let mut fields = vec![("grant_type", "client_credentials".to_owned())];
        if !scopes.is_empty() {
            fields.push(("scope", join(scopes, token.scope_separator)));
        }
        let request = TokenRequest {
            endpoint: &token.endpoint,
            authentication: token.client_authentication,
            fields,
            parameters: [&token.parameters, &token.exchange_parameters],
            known,
        };
        let answer = self.tokens(token, calls, request, scopes).await?;
        Ok(answer.granted(None, own))
    }

    async fn tokens(
        &self,
        token: &TokenEndpoint,
        calls: &Calls<'_>,
        asked: TokenRequest<'_>,
        scopes: &[String],
    ) -> Result<TokenAnswer, ProviderFailure> {
        let mut secrets = vec![self.id_and_secret(&asked.known).1];
        for (name, value) in &asked.fields {
            if ["code", "refresh_token", "code_verifier"].contains(name) {
                secrets.push(Secret::new(value.clone()));
            }
        }
        let request = self.token_request(token, calls, asked)?;
        let answer = send(calls.outbound, calls.deadline, request).await?;
        read_tokens(token, &answer, scopes, calls).map_err(|failure| {
            let secrets: Vec<&str> = secrets.iter().map(|one| one.expose().as_str()).collect();
            failure.without(&secrets)
        })
    }

    fn token_request(
        &self,
        token: &TokenEndpoint,
        calls: &Calls<'_>,
        asked: TokenRequest<'_>,
    ) -> Result<Request, ProviderFailure> {
        let url = asked.endpoint.url(&asked.known)?;
        let mut request = Request::new("token", Method::POST, url);
        let mut fields: Vec<(String, String)> = asked
            .fields
            .into_iter()
            .filter(|(name, _)| {
                *name != "grant_type" || !token.quirks.contains(&Quirk::NoGrantType)
            })
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let identity = self.identity(token, asked.authentication, &asked.known)?;
        identity.show(calls, &mut request, &mut fields)?;
        for (name, template) in asked.parameters.into_iter().flatten() {
            // What a declaration says stands for what the protocol would send.
            fields.retain(|(known, _)| known != name);
            fields.push((name.clone(), template.fill(&asked.known)?));
        }
        add_headers(&mut request, &token.headers, &asked.known)?;
        match token.body {
            TokenBody::Form => {
                let form = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(&fields)
                    .finish();
                set_form(&mut request, form);
            }
            TokenBody::Json => {
                let object: Map<String, Value> = fields
                    .into_iter()
                    .map(|(name, value)| (name, Value::String(value)))
                    .collect();
                set_json(&mut request, &Value::Object(object));
            }
        }
        Ok(request)
    }

    fn identity(
        &self,
        token: &TokenEndpoint,
        way: ClientAuthentication,
        known: &Values,
    ) -> Result<Identity, ProviderFailure> {
        let (id, secret) = self.id_and_secret(known);
        let fill = |template: &Option<Template>| {
            template
                .as_ref()
                .map(|template| template.fill(known))
                .transpose()
        };
        Ok(Identity {
            way,
            id,
            secret,
            issuer: fill(&token.assertion_issuer)?,
            audience: fill(&token.assertion_audience)?,
        })
    }

    /// Our id and secret by HTTP Basic: for declared calls.
    pub(crate) fn authenticate_basic(
        &self,
        request: &mut Request,
        known: &Values,
    ) -> Result<(), ProviderFailure> {
        let (id, secret) = self.id_and_secret(known);
        let header = sensitive(&basic(&id, secret.expose(), true))?;
        request.headers.insert(AUTHORIZATION, header);
        Ok(())
    }

    /// The request that revokes a token (RFC 7009, 2.1).
    pub(crate) fn rfc7009(
        &self,
        endpoint: &Endpoint,
        which: RevokedToken,
        calls: &Calls<'_>,
        held: &Held,
    ) -> Result<Request, ProviderFailure> {
        let known = self.known(&held.values);
        let token = match (which, &held.refresh_token) {
            (RevokedToken::Refresh, Some(refresh)) => refresh,
            (RevokedToken::Refresh, None) | (RevokedToken::Access, _) => &held.access_token,
        };
        let mut request = Request::new("revocation", Method::POST, endpoint.url(&known)?);
        // No hint of its kind: nobody needs it, and some document no such parameter.
        let mut fields = vec![("token".to_owned(), token.clone())];
        let declared = match &self.integration.auth {
            crate::Auth::OAuth2Code(code) => Some(&code.token),
            crate::Auth::ClientCredentials(declared) => Some(&declared.token),
            crate::Auth::OAuth1(_)
            | crate::Auth::Credentials
            | crate::Auth::TokenLink(_)
            | crate::Auth::Delivery(_)
            | crate::Auth::FileUpload => None,
        };
        if let Some(declared) = declared {
            let way = declared.client_authentication;
            let identity = self.identity(declared, way, &known)?;
            identity.show(calls, &mut request, &mut fields)?;
            if declared.quirks.contains(&Quirk::RevokeInQuery) {
                request.url.query_pairs_mut().append_pair("token", token);
                return Ok(request);
            }
        }
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&fields)
            .finish();
        set_form(&mut request, form);
        Ok(request)
    }
}

impl Identity {
    fn show(
        &self,
        calls: &Calls<'_>,
        request: &mut Request,
        fields: &mut Vec<(String, String)>,
    ) -> Result<(), ProviderFailure> {
        let mut field = |name: &str, value: &str| fields.push((name.to_owned(), value.to_owned()));
        let with_basic = matches!(
            self.way,
            ClientAuthentication::Basic
                | ClientAuthentication::BasicUnencoded
                | ClientAuthentication::BasicAndPost
        );
        if with_basic {
            let encoded = self.way != ClientAuthentication::BasicUnencoded;
            let header = sensitive(&basic(&self.id, self.secret.expose(), encoded))?;
            request.headers.insert(AUTHORIZATION, header);
        }
        match self.way {
            ClientAuthentication::Basic
            | ClientAuthentication::BasicUnencoded
            | ClientAuthentication::None => {}
            ClientAuthentication::Post | ClientAuthentication::BasicAndPost => {
                field("client_id", &self.id);
                field("client_secret", self.secret.expose());
            }
            ClientAuthentication::IdOnly => field("client_id", &self.id),
            ClientAuthentication::PrivateKeyJwt => {
                field("client_id", &self.id);
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                field("client_assertion_type", kind);
                let issuer = self.issuer.as_deref().unwrap_or(&self.id);
                let audience = self.audience.as_deref().unwrap_or(request.url.as_str());
                let who = Who {
                    issuer,
                    subject: &self.id,
                    audience,
                };
                field("client_assertion", &assertion(&who, &self.secret, calls)?);
            }
        }
        Ok(())
    }
}

fn read_tokens(
    token: &TokenEndpoint,
    answer: &Response,
    scopes: &[String],
    calls: &Calls<'_>,
) -> Result<TokenAnswer, ProviderFailure> {
    if let Some(failure) = declared_error::failure(&token.errors, answer) {
        return Err(failure);
    }
    let members = judge_token(answer)?;
    TokenAnswer::read(members, token, scopes, calls.now).map_err(|why| unintelligible(answer, why))
}

/// Tells a token endpoint's success from its refusals (RFC 6749, 5.2). A page for people with one of the statuses of refusals comes from
/// something that stands before the endpoint, so that it says nothing of the grant: it may work later.
fn judge_token(answer: &Response) -> Result<Map<String, Value>, ProviderFailure> {
    let is_page = answer.body.trim_ascii_start().starts_with(b"<");
    if is_page && matches!(answer.status.as_u16(), 400 | 401 | 403) {
        return Err(unintelligible(answer, Unintelligible::Html));
    }
    judge(answer)
}

/// HTTP Basic as RFC 6749, 2.3.1 has it: both parts encoded as in a form before they are joined. Some want them as they are.
fn basic(id: &str, secret: &str, encoded: bool) -> Secret<String> {
    let encode = |text: &str| {
        if encoded {
            form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
        } else {
            text.to_owned()
        }
    };
    let joined = Secret::new(format!("{}:{}", encode(id), encode(secret)));
    Secret::new(format!("Basic {}", STANDARD.encode(joined.expose())))
}
