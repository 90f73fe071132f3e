//! The address that the person is sent to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::Registration;

fn address(client: &Client, nonce: Option<&str>) -> Url {
    begin(client, nonce, &code_flow(client.integration()).token.scopes)
}

fn begin(client: &Client, nonce: Option<&str>, scopes: &[String]) -> Url {
    let begin = Begin {
        redirect_uri: &url("https://hub.example/callback/abc/mqjo?a=b&c"),
        state: "st&te",
        verifier: &verifier(),
        nonce,
        scopes,
        person: &Values::default(),
    };
    let declared = code_flow(client.integration());
    client.authorization_url(declared, &begin).unwrap()
}

fn query(url: &Url) -> BTreeMap<String, String> {
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    let count = pairs.len();
    let query: BTreeMap<_, _> = pairs.into_iter().collect();
    assert_eq!(query.len(), count, "a parameter is repeated: {url}");
    query
}

#[test]
fn it_has_what_the_oauth2_crate_puts_into_its_own() {
    let client = client(sandbox(&url("http://localhost:8080")));
    let ours = address(&client, None);
    let (theirs, _) = oauth2::basic::BasicClient::new(oauth2::ClientId::new("id:of/us".to_owned()))
        .set_auth_uri(
            oauth2::AuthUrl::new("http://localhost:8080/sandbox/authorize".to_owned()).unwrap(),
        )
        .set_redirect_uri(
            oauth2::RedirectUrl::new("https://hub.example/callback/abc/mqjo?a=b&c".to_owned())
                .unwrap(),
        )
        .authorize_url(|| oauth2::CsrfToken::new("st&te".to_owned()))
        .add_scopes(["accounting", "offline_access"].map(|s| oauth2::Scope::new(s.to_owned())))
        .set_pkce_challenge(oauth2::PkceCodeChallenge::from_code_verifier_sha256(
            &oauth2::PkceCodeVerifier::new(verifier().secret().expose().clone()),
        ))
        .url();
    assert_eq!(query(&ours), query(&theirs));
    assert_eq!((ours.path(), ours.port()), (theirs.path(), theirs.port()));
    assert!(
        !ours
            .as_str()
            .contains(verifier().secret().expose().as_str())
    );
}

#[test]
fn it_follows_the_declaration() {
    let client = client(declared(ACME));
    let ours = address(&client, Some("n0nce"));
    assert!(
        ours.as_str()
            .starts_with("https://acme.example/oauth/authorize?version=2&")
    );
    let query = query(&ours);
    assert_eq!(query["scope"], "orders:read,profile");
    assert_eq!(query["prompt"], "consent");
    assert_eq!(query["nonce"], "n0nce");
    assert_eq!(query["state"], "st&te");
    assert!(!query.contains_key("code_challenge") && !query.contains_key("code_challenge_method"));
}

#[test]
fn with_no_scopes_there_is_no_scope() {
    let client = client(sandbox(&url("http://localhost:8080")));
    let ours = begin(&client, None, &[]);
    assert!(!query(&ours).contains_key("scope"));
}

#[test]
fn what_may_be_left_out_and_was_is_not_sent() {
    let text = ACME
        .replace(
            "[auth.oauth2_code]",
            "[[operator]]\nname = \"stage\"\nlabel = \"Stage\"\noptional = true\n\n[auth.oauth2_code]",
        )
        .replace("prompt = ", "stage = \"{operator.stage}\", prompt = ");
    let integration = declared(&text);
    let mut entered = crate::tests::entered(&integration);
    let with = client(Arc::clone(&integration));
    assert_eq!(query(&address(&with, None))["stage"], "operator-stage");
    entered.remove("stage");
    let registration = Registration::new(&integration, &entered).unwrap();
    let without = Client::new(integration, registration).unwrap();
    let sent = query(&address(&without, None));
    assert!(!sent.contains_key("stage") && sent["prompt"] == "consent");
}
