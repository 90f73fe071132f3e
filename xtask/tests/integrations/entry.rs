//! What a page says of one integration.

use std::fmt::Write as _;

use handclasp_integrations::oauth2::{Pkce, RevocationWay, RevokedToken, TokenEndpoint};
use handclasp_integrations::{
    ApiAuthorization, Auth, Call, DELIVERY_PATH, Integration, Mobile, PersonField,
};

use crate::words;

/// A line of the list: what it is about, and what holds.
struct Lines(String);

impl Lines {
    fn say(&mut self, about: &str, what: &str) {
        writeln!(self.0, "- **{about}:** {what}").unwrap();
    }
}

pub(crate) fn entry(integration: &Integration, note: &str) -> String {
    let key = integration.key;
    let mut lines = Lines(format!("\n## {}\n\n", integration.name));
    if integration.unverified {
        lines.0.push_str(
            "**Unverified.** Something in this declaration is not certain: try it with an account of yours before you offer it.\n\n",
        );
    }
    writeln!(lines.0, "{note}\n").unwrap();
    lines.say("Key", &format!("`{key}`. {}", words::kind(integration)));
    register(integration, &mut lines);
    enter(integration, &mut lines);
    asked(integration, &mut lines);
    if let Some(token) = integration.token_endpoint() {
        life(token, &mut lines);
    } else if let Auth::TokenLink(link) = &integration.auth {
        let life = link.token_lifetime.map_or_else(
            || "until it is revoked or ends at the third party".to_owned(),
            words::time,
        );
        lines.say("Access lasts", &life);
    } else if matches!(integration.auth, Auth::FileUpload) {
        lines.say("Not offered yet", "this server takes no files so far");
    } else {
        lines.say("Access lasts", "until it is ended at the third party");
    }
    ended(integration, &mut lines);
    companies(integration, &mut lines);
    api(integration, &mut lines);
    match integration.mobile {
        Mobile::Good => {}
        Mobile::Awkward => lines.say("On a phone", "the third party's pages are not made for it"),
        Mobile::None => lines.say("On a phone", "not at all: it needs a program on a computer"),
    }
    if let Some(button) = &integration.brand.button {
        lines.say("Button", button);
    }
    let types: Vec<&str> = integration
        .data_types
        .iter()
        .map(|it| it.as_str())
        .collect();
    if !types.is_empty() {
        lines.say("Data", &types.join(", "));
    }
    let docs = format!("<{}>", integration.docs);
    lines.say("Documentation", &docs);
    if !integration.sources.is_empty() {
        let sources = integration.sources.iter();
        let sources: Vec<String> = sources
            .map(|(field, address)| format!("[`{field}`]({address})"))
            .collect();
        lines.say("Sources", &sources.join(", "));
    }
    lines.0
}

/// What is to be done at the third party.
fn register(integration: &Integration, lines: &mut Lines) {
    let callback = format!("`{{link_url}}/callback/{{clientId}}/{}`", integration.key);
    let what = match &integration.auth {
        _ if integration.is_built_in() => "nothing: it is a part of the server".to_owned(),
        Auth::OAuth2Code(code) if code.redirect_uri.is_some() => format!(
            "an application, with the callback address {callback}; what it is called there is entered below"
        ),
        Auth::OAuth2Code(code) if code.client_id.is_some() => {
            format!("nothing; each company enters the callback address {callback} there itself")
        }
        Auth::OAuth2Code(_) | Auth::OAuth1(_) => {
            format!("an application, with the callback address {callback}")
        }
        Auth::TokenLink(_) => {
            format!(
                "an application; where it wants an address that people come back to, it is {callback}"
            )
        }
        Auth::Delivery(_) => format!(
            "nothing. Its server must reach `{{link_url}}/callback/{{clientId}}/{}/{DELIVERY_PATH}`",
            integration.key
        ),
        Auth::ClientCredentials(_) if !integration.operator.is_empty() => {
            "an application".to_owned()
        }
        Auth::ClientCredentials(_) | Auth::Credentials | Auth::FileUpload => "nothing".to_owned(),
    };
    lines.say("Register", &what);
}

/// What is to be entered here.
fn enter(integration: &Integration, lines: &mut Lines) {
    let fields = integration.operator_fields();
    if fields.is_empty() {
        return lines.say("Enter", "nothing");
    }
    let fields = fields.iter().map(|field| {
        let mut text = format!("`{}` ({}", field.name, field.label);
        if field.secret {
            text.push_str(", secret");
        }
        if field.optional {
            text.push_str(", may be left out");
        }
        text.push(')');
        if !field.options.is_empty() {
            write!(text, ", one of {}", words::choices(&field.options)).unwrap();
        }
        text
    });
    lines.say("Enter", &fields.collect::<Vec<_>>().join("; "));
}

/// What the person is asked for, here and there.
fn asked(integration: &Integration, lines: &mut Lines) {
    if !integration.person.is_empty() {
        let fields: Vec<String> = integration.person.iter().map(person).collect();
        lines.say("The person is asked for", &fields.join("; "));
    } else if integration.auth.leaves() {
        lines.say(
            "The person is asked for",
            "nothing here: it begins on the third party's pages",
        );
    }
    let scopes = integration.scopes();
    if scopes.is_empty() {
        return;
    }
    let list = |scopes: &[String]| {
        let scopes = scopes.iter().map(|scope| format!("`{scope}`"));
        scopes.collect::<Vec<_>>().join(" ")
    };
    let mut text = list(scopes);
    let required = integration.required_scopes();
    if !required.is_empty() {
        write!(text, "; of no use without {}", list(required)).unwrap();
    }
    lines.say("Scopes", &text);
}

fn person(field: &PersonField) -> String {
    let mut text = words::field(field.kind).to_owned();
    if let Some(called) = &field.called {
        write!(text, " (“{called}”)").unwrap();
    }
    if !field.options.is_empty() {
        write!(text, ": {}", words::choices(&field.options)).unwrap();
    } else if let Some(example) = &field.example {
        write!(text, ", as in `{example}`").unwrap();
    }
    if field.optional {
        text.push_str(", which may be left out");
    }
    text
}

/// How the token endpoint is talked to, and how long what it gives lasts.
fn life(token: &TokenEndpoint, lines: &mut Lines) {
    let way = words::authentication(token.client_authentication);
    lines.say(
        "Token endpoint",
        &format!("`{}`, by {way}", token.endpoint.template()),
    );
    let mut text = match token.access_token_lifetime {
        Some(life) => format!("an access token {}", words::time(life)),
        None => "an access token as long as the answer says".to_owned(),
    };
    if let Some(life) = token.refresh_token_lifetime {
        write!(
            text,
            ", a refresh token {} from its last use",
            words::time(life)
        )
        .unwrap();
    }
    write!(text, "; {}", words::refresh(token.refresh_tokens)).unwrap();
    lines.say("Access lasts", &text);
}

/// How access is ended.
fn ended(integration: &Integration, lines: &mut Lines) {
    let way = match &integration.auth {
        Auth::OAuth2Code(declared) => &declared.token.revocation,
        Auth::ClientCredentials(declared) => &declared.token.revocation,
        Auth::OAuth1(declared) => &declared.revocation,
        Auth::TokenLink(declared) => &declared.revocation,
        Auth::Credentials | Auth::Delivery(_) => {
            return lines.say(
                "Ended",
                "the key is forgotten here; the person deletes it there",
            );
        }
        Auth::FileUpload => return,
    };
    let mut text = match way {
        RevocationWay::None => {
            "there is no way that is known: it is forgotten here, and the person ends it there"
                .to_owned()
        }
        RevocationWay::Rfc7009 { endpoint, token } => {
            let which = match token {
                RevokedToken::Refresh => "refresh token",
                RevokedToken::Access => "access token",
            };
            format!(
                "the {which} is revoked at `{}` (RFC 7009)",
                endpoint.template()
            )
        }
        RevocationWay::Call(call) => format!("by {}", told(call)),
    };
    let account = integration.account.as_ref();
    if let Some(call) = account.and_then(|account| account.revocation.as_ref()) {
        write!(text, "; one company alone by {}", told(call)).unwrap();
    }
    lines.say("Ended", &text);
    if let Auth::OAuth2Code(declared) = &integration.auth {
        let pkce = match declared.pkce {
            Pkce::S256 => "S256",
            Pkce::Unsupported => "not sent",
        };
        lines.say("PKCE", pkce);
    }
}

fn told(call: &Call) -> String {
    format!("`{} {}`", call.method, call.endpoint.template())
}

/// Which companies a connection is for.
fn companies(integration: &Integration, lines: &mut Lines) {
    let Some(account) = &integration.account else {
        return;
    };
    let mut text = match (&account.list, &account.before) {
        (None, None) => "one, ".to_owned(),
        (Some(_), _) | (None, Some(_)) => {
            "where there are several, the person chooses; ".to_owned()
        }
    };
    match &account.call {
        Some(call) => write!(text, "by {}", told(call)).unwrap(),
        None => text.push_str("by what is known already"),
    }
    if account.name.is_empty() {
        text.push_str(". Its name is not told");
    }
    lines.say("Companies", &text);
}

/// How calls go on.
fn api(integration: &Integration, lines: &mut Lines) {
    let Some(api) = &integration.api else { return };
    let way = match &api.authorization {
        ApiAuthorization::Bearer => "a bearer token".to_owned(),
        ApiAuthorization::Basic { .. } => "HTTP Basic".to_owned(),
        ApiAuthorization::Header { name, .. } => format!("the header `{name}`"),
        ApiAuthorization::Query { name, .. } => format!("the parameter `{name}`"),
        ApiAuthorization::OAuth1 => "a signature".to_owned(),
    };
    let mut text = format!("`{}`, by {way}", api.base.template());
    let headers = api
        .headers
        .iter()
        .map(|(name, value)| format!("`{name}: {value}`"));
    let query = api
        .query
        .iter()
        .map(|(name, value)| format!("`{name}={value}`"));
    for more in headers.chain(query) {
        write!(text, ", {more}").unwrap();
    }
    lines.say("API", &text);
}
