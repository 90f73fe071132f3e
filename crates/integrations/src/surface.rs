//! Where a declaration sends what it is given: what registrations are bound to.

use std::collections::BTreeMap;

use crate::account::Reader;
use crate::api::ApiAuthorization;
use crate::call::{Call, CallAuthorization, CallBody, JsonTemplate};
use crate::fields::Choice;
use crate::integration::{Auth, Integration};
use crate::oauth2::{CallbackValue, ClientAuthentication, RevocationWay, TokenEndpoint};
use crate::template::Template;
use crate::token_link::Address;

/// Every address of a declaration, every place that an operator's values go to, and what decides which they are: sorted, each with its
/// name. What only people see is not in it.
pub(crate) fn surface(integration: &Integration) -> Vec<(String, String)> {
    let mut all = Surface(Vec::new());
    for field in &integration.operator {
        let name = format!("operator.{}", field.name);
        all.field(&name, field.pattern.as_ref(), &field.options);
    }
    for field in &integration.person {
        let name = format!("person.{}", field.name);
        all.add(&format!("{name}.kind"), field.kind.as_str());
        all.field(&name, field.pattern.as_ref(), &field.options);
    }
    match &integration.auth {
        Auth::OAuth2Code(code) => {
            all.add("kind", "oauth2_code");
            all.add("authorization", code.authorization_endpoint.template());
            if let Some(client_id) = &code.client_id {
                all.add("client_id", client_id.as_str());
            }
            if let Some(redirect_uri) = &code.redirect_uri {
                all.add("redirect_uri", redirect_uri.as_str());
            }
            all.templates("authorize", &code.authorize_parameters);
            if let Some(issuer) = &code.issuer {
                all.add("issuer", issuer.value.as_str());
            }
            if let Some(openid) = &code.openid {
                all.add("jwks", openid.jwks.template());
                if let Some(userinfo) = &openid.userinfo {
                    all.add("userinfo", userinfo.template());
                }
            }
            all.callback_values(&code.callback_values);
            all.token(&code.token);
        }
        Auth::ClientCredentials(declared) => {
            all.add("kind", "oauth2_client_credentials");
            all.token(&declared.token);
        }
        Auth::OAuth1(declared) => {
            all.add("kind", "oauth1");
            all.add("request", declared.request_endpoint.template());
            all.add("authorization", declared.authorization_endpoint.template());
            all.add("token", declared.token_endpoint.template());
            all.callback_values(&declared.callback_values);
            all.revocation(&declared.revocation);
        }
        Auth::Credentials => all.add("kind", "credentials"),
        Auth::TokenLink(declared) => {
            all.add("kind", "token_link");
            if let Some(before) = &declared.before {
                all.call("before", &before.call);
            }
            if let Some(create) = &declared.create {
                all.call("create", create);
            }
            match &declared.address {
                Address::Answered { at, pattern } => {
                    all.add("address", at);
                    all.add("address.pattern", pattern.as_str());
                }
                Address::Made(endpoint) => all.add("address", endpoint.template()),
            }
            if let Some(after) = &declared.after {
                all.call("after", &after.call);
            }
            if let Some(exchange) = &declared.exchange {
                all.call("exchange", exchange);
            }
            all.callback_values(&declared.callback_values);
            all.revocation(&declared.revocation);
        }
        Auth::Delivery(declared) => {
            all.add("kind", "delivery");
            all.add("address", declared.address.template());
            for (name, value) in &declared.keep {
                let name = format!("delivery.{name}");
                all.field(&name, value.pattern.as_ref(), &[]);
            }
        }
        Auth::FileUpload => all.add("kind", "file_upload"),
    }
    if let Some(account) = &integration.account {
        if let Some(before) = &account.before {
            all.call("account.before", &before.call);
        }
        if let Some(call) = &account.call {
            all.call("account", call);
        }
        if let Some(revocation) = &account.revocation {
            all.call("account.revocation", revocation);
        }
        for (name, pattern) in &account.patterns {
            all.add(&format!("account.{name}.pattern"), pattern.as_str());
        }
    }
    if let Some(api) = &integration.api {
        all.add("api", api.base.template());
        all.templates("api.headers", &api.headers);
        all.templates("api.query", &api.query);
        match &api.authorization {
            ApiAuthorization::Bearer => all.add("api.authorization", "bearer"),
            ApiAuthorization::OAuth1 => all.add("api.authorization", "oauth1"),
            ApiAuthorization::Basic { user, password } => {
                all.add("api.user", user.as_str());
                all.add("api.password", password.as_str());
            }
            ApiAuthorization::Header { name, value } | ApiAuthorization::Query { name, value } => {
                all.add(&format!("api.{name}"), value.as_str());
            }
        }
    }
    all.0.sort();
    all.0
}

/// Every address that is called, or that a person is sent to, as it is declared.
pub(crate) fn addresses(integration: &Integration) -> Vec<String> {
    let is_address = |text: &str| text.contains("://") || text.starts_with('{');
    surface(integration)
        .into_iter()
        .filter_map(|(what, text)| {
            let is_call = [
                "authorization",
                "token",
                "refresh",
                "issuer",
                "jwks",
                "userinfo",
                "request",
                "address",
                "api",
            ];
            if is_call.contains(&what.as_str()) {
                return Some(text);
            }
            // A call is a method and an address.
            let (method, address) = text.split_once(' ')?;
            let is_method = ["GET", "POST", "PUT", "DELETE"].contains(&method);
            (is_method && is_address(address)).then(|| address.to_owned())
        })
        .chain(revocation(integration))
        .collect()
}

/// Where a token is revoked, which is no call of its own.
fn revocation(integration: &Integration) -> Option<String> {
    match &integration.token_endpoint()?.revocation {
        RevocationWay::Rfc7009 { endpoint, .. } => Some(endpoint.template().to_owned()),
        RevocationWay::None | RevocationWay::Call(_) => None,
    }
}

struct Surface(Vec<(String, String)>);

impl Surface {
    fn add(&mut self, what: &str, text: &str) {
        self.0.push((what.to_owned(), text.to_owned()));
    }

    fn templates(&mut self, what: &str, templates: &BTreeMap<String, Template>) {
        for (name, template) in templates {
            self.add(&format!("{what}.{name}"), template.as_str());
        }
    }

    fn field(&mut self, name: &str, pattern: Option<&crate::pattern::Pattern>, options: &[Choice]) {
        if let Some(pattern) = pattern {
            self.add(&format!("{name}.pattern"), pattern.as_str());
        }
        for choice in options {
            for (key, value) in &choice.data {
                self.add(&format!("{name}.{}.{key}", choice.value), value);
            }
        }
    }

    fn callback_values(&mut self, values: &BTreeMap<String, CallbackValue>) {
        for (name, value) in values {
            let name = format!("callback.{name}");
            self.field(&name, value.pattern.as_ref(), &value.options);
        }
    }

    fn token(&mut self, token: &TokenEndpoint) {
        self.add("token", token.endpoint.template());
        if let Some(refresh) = &token.refresh_endpoint {
            self.add("refresh", refresh.template());
        }
        let authentication = |way: ClientAuthentication| way.as_str();
        self.add(
            "authentication",
            authentication(token.client_authentication),
        );
        if let Some(way) = token.refresh_client_authentication {
            self.add("refresh.authentication", authentication(way));
        }
        let claims = [
            ("assertion.issuer", &token.assertion_issuer),
            ("assertion.audience", &token.assertion_audience),
        ];
        for (what, claim) in claims {
            if let Some(claim) = claim {
                self.add(what, claim.as_str());
            }
        }
        self.templates("token.parameters", &token.parameters);
        self.templates("exchange.parameters", &token.exchange_parameters);
        self.templates("refresh.parameters", &token.refresh_parameters);
        self.templates("token.headers", &token.headers);
        for (name, value) in &token.answer.keep {
            if let Some(pattern) = &value.pattern {
                self.add(&format!("token.{name}.pattern"), pattern.as_str());
            }
        }
        self.revocation(&token.revocation);
    }

    fn revocation(&mut self, way: &RevocationWay) {
        match way {
            RevocationWay::None => {}
            RevocationWay::Rfc7009 { endpoint, .. } => self.add("revocation", endpoint.template()),
            RevocationWay::Call(call) => self.call("revocation", call),
        }
    }

    fn call(&mut self, what: &str, call: &Call) {
        self.add(
            what,
            &format!("{} {}", call.method, call.endpoint.template()),
        );
        let authorization = match call.authorization {
            CallAuthorization::Api => "api",
            CallAuthorization::Client => "client",
            CallAuthorization::None => "none",
        };
        self.add(&format!("{what}.authorization"), authorization);
        self.templates(&format!("{what}.headers"), &call.headers);
        match &call.body {
            CallBody::Empty => {}
            CallBody::Form(form) => self.templates(&format!("{what}.form"), form),
            CallBody::Json(json) => self.json(&format!("{what}.json"), json),
        }
    }

    fn json(&mut self, what: &str, json: &JsonTemplate) {
        match json {
            JsonTemplate::Fixed(value) => self.add(what, &value.to_string()),
            JsonTemplate::Text(template) => self.add(what, template.as_str()),
            JsonTemplate::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.json(&format!("{what}.{index}"), item);
                }
            }
            JsonTemplate::Object(members) => {
                for (name, member) in members {
                    self.json(&format!("{what}.{name}"), member);
                }
            }
        }
    }
}

impl Reader {
    /// As it is declared.
    #[cfg(test)]
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Pointer(pointer) => pointer,
            Self::Template(template) => template.as_str(),
        }
    }
}
