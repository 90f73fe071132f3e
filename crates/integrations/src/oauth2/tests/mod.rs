//! The protocol against a scripted third party on a real port, through the real outgoing client.

mod authorize;
mod callback;
mod failures;
mod fake;
mod flow;
mod others;
mod registration;
mod tolerance;

use std::sync::Arc;
use std::time::Duration;

use handclasp_ambient::SeededRandom;
use handclasp_domain::Secret;
use handclasp_outbound::{Outbound, Policy};
use url::Url;

use self::fake::{Fake, Reply};
use super::*;
use crate::{Auth, Catalogue, Folder, Origins};

/// A declaration that differs from the sandbox's wherever it can.
const ACME: &str = include_str!("../../catalogue/full.toml");
const LOGO: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"></svg>"#;
const SECRET: &str = "s3cr3t/with+signs:&=%";

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn outbound() -> Outbound {
    Outbound::new(Policy {
        allowed_ranges: vec!["127.0.0.0/8".parse().unwrap()],
        ..Policy::default()
    })
    .unwrap()
}

/// The sandbox's declaration, with the sandbox at `origin`.
fn sandbox(origin: &Url) -> Arc<OAuth2Code> {
    let catalogue = Catalogue::embedded(&Origins::new(origin).unwrap()).unwrap();
    let integration = catalogue.get("mqjo".parse().unwrap()).unwrap();
    let Auth::OAuth2Code(declaration) = &integration.auth;
    Arc::clone(declaration)
}

/// A declaration of our own making.
fn declared(text: &str) -> Arc<OAuth2Code> {
    let folder = Folder {
        name: "acme",
        declaration: text,
        logo: LOGO,
    };
    let origins = Origins::new(&url("http://localhost:8080")).unwrap();
    let catalogue = Catalogue::parse(&[folder], &origins).unwrap();
    let Auth::OAuth2Code(declaration) = &catalogue.iter().next().unwrap().auth;
    Arc::clone(declaration)
}

fn client(declaration: Arc<OAuth2Code>) -> Client {
    let registration = Registration::new(&declaration, "id:of/us", &secret(SECRET)).unwrap();
    Client::new(declaration, registration).unwrap()
}

fn verifier() -> Verifier {
    Verifier::draw(&SeededRandom::new(1))
}

/// Exchanges a code at a third party that answers so.
async fn exchange(reply: Reply, within: Duration) -> Result<TokenAnswer, ProviderFailure> {
    let fake = Fake::always(reply).await;
    let client = client(sandbox(&fake.origin));
    let exchange = CodeExchange {
        code: &secret("the-code"),
        redirect_uri: &url("https://hub.example/callback"),
        verifier: &verifier(),
        scopes: &client.declaration().scopes,
    };
    let answer = client
        .exchange(&outbound(), Deadline::after(within), &exchange)
        .await;
    assert_eq!(fake.seen().len(), 1, "a code is sent once");
    answer
}

/// The same, with time enough.
async fn answer(reply: Reply) -> Result<TokenAnswer, ProviderFailure> {
    exchange(reply, Duration::from_secs(10)).await
}

/// Why an answer was not understood.
fn why(answer: Result<TokenAnswer, ProviderFailure>) -> Unintelligible {
    match answer {
        Err(ProviderFailure::Unintelligible { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}
