//! Integrations against scripted third parties on real ports, through the real outgoing client.

mod callback;
mod delivery;
pub(crate) mod fake;
mod life;
mod provider;
mod registration;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use handclasp_ambient::SeededRandom;
use handclasp_domain::{Secret, Timestamp};
use handclasp_outbound::{Outbound, Pin, Policy};
use url::Url;

use crate::oauth2::{ClientAuthentication, OAuth2Code, Verifier};
use crate::provider::Deadline;
use crate::{Auth, Calls, Catalogue, Client, Folder, Integration, Origins, Registration};

/// A plain declaration that differs from the sandbox's wherever it can.
pub(crate) const ACME: &str = include_str!("acme.toml");
pub(crate) const LOGO: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"></svg>"#;
pub(crate) const SECRET: &str = "s3cr3t/with+signs:&=%";
/// Sunday, 2026-03-01T12:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_772_366_400);

pub(crate) fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

pub(crate) fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

pub(crate) fn outbound() -> Outbound {
    Outbound::new(Policy {
        allowed_ranges: vec!["127.0.0.0/8".parse().unwrap()],
        ..Policy::default()
    })
    .unwrap()
}

/// A client to which these hosts stand at one plain address: a fake takes all of them.
pub(crate) fn outbound_to(fake: &Url, hosts: &[&str]) -> Outbound {
    let address = fake.socket_addrs(|| None).unwrap()[0];
    let pins = hosts.iter().map(|host| Pin {
        origin: url(&format!("https://{host}")),
        address,
        plain: true,
    });
    Outbound::new(Policy {
        pins: pins.collect(),
        ..Policy::default()
    })
    .unwrap()
}

/// The sandbox, standing at `origin`.
pub(crate) fn sandbox(origin: &Url) -> Arc<Integration> {
    let catalogue = Catalogue::embedded(&Origins::new(origin).unwrap()).unwrap();
    Arc::clone(catalogue.get("mqjo".parse().unwrap()).unwrap())
}

/// A declaration of our own making.
pub(crate) fn declared(text: &str) -> Arc<Integration> {
    let folder = Folder {
        path: "integrations/acme",
        declaration: text,
        logo: LOGO,
    };
    let origins = Origins::new(&url("http://localhost:8080")).unwrap();
    let catalogue = match Catalogue::parse(&[folder], &origins) {
        Ok(catalogue) => catalogue,
        Err(error) => panic!("{error}"),
    };
    Arc::clone(catalogue.iter().next().unwrap())
}

/// What an operator enters: something that fits for each field.
pub(crate) fn entered(integration: &Integration) -> BTreeMap<String, Secret<String>> {
    let fields = integration.operator.iter();
    fields
        .map(|field| {
            let value = match (field.name.as_str(), field.options.first()) {
                (_, Some(option)) => option.value.clone(),
                ("client_id", _) => "id:of/us".to_owned(),
                ("client_secret", _) if is_by_key(integration) => private_key(),
                ("client_secret", _) => SECRET.to_owned(),
                (name, _) if field.pattern.is_none() => format!("operator-{name}"),
                (name, _) => provider::sample(name, field.pattern.as_ref()),
            };
            (field.name.clone(), Secret::new(value))
        })
        .collect()
}

/// Whether the client shows who it is by a signature.
fn is_by_key(integration: &Integration) -> bool {
    let token = match &integration.auth {
        Auth::OAuth2Code(declared) => &declared.token,
        Auth::ClientCredentials(declared) => &declared.token,
        Auth::OAuth1(_)
        | Auth::Credentials
        | Auth::TokenLink(_)
        | Auth::Delivery(_)
        | Auth::FileUpload => return false,
    };
    token.client_authentication == ClientAuthentication::PrivateKeyJwt
}

/// A private key of P-256, as PEM.
fn private_key() -> String {
    let document = EcdsaKeyPair::generate_pkcs8(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &aws_lc_rs::rand::SystemRandom::new(),
    );
    let encoded = STANDARD.encode(document.unwrap());
    format!("-----BEGIN PRIVATE KEY-----\n{encoded}\n-----END PRIVATE KEY-----\n")
}

pub(crate) fn client(integration: Arc<Integration>) -> Client {
    let registration = Registration::new(&integration, &entered(&integration)).unwrap();
    Client::new(integration, registration).unwrap()
}

/// What a declaration says of the code flow.
pub(crate) fn code_flow(integration: &Integration) -> &OAuth2Code {
    match &integration.auth {
        Auth::OAuth2Code(declared) => declared,
        Auth::ClientCredentials(_)
        | Auth::OAuth1(_)
        | Auth::Credentials
        | Auth::TokenLink(_)
        | Auth::Delivery(_)
        | Auth::FileUpload => panic!("no code flow"),
    }
}

pub(crate) fn verifier() -> Verifier {
    Verifier::draw(&SeededRandom::new(1))
}

/// What calls are made with.
pub(crate) struct With {
    pub(crate) outbound: Outbound,
    random: SeededRandom,
}

impl With {
    pub(crate) fn new(outbound: Outbound) -> Self {
        Self {
            outbound,
            random: SeededRandom::new(2),
        }
    }

    pub(crate) fn calls(&self, deadline: Deadline) -> Calls<'_> {
        Calls {
            outbound: &self.outbound,
            deadline,
            now: NOW,
            random: &self.random,
        }
    }
}
