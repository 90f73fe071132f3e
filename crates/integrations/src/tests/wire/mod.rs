//! Each integration with a `wire.toml` is driven through the real client against a third party that answers as written there. What it
//! was sent, and what was made of its answers, is held against the file, which is no image of the declaration: it was written by
//! hand from what the vendor documents.

mod fixture;
mod run;
mod seen;

use std::path::{Path, PathBuf};

use self::fixture::Fixture;
use self::run::Run;
use super::*;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integrations")
}

/// Drives the integration of one folder through the fixture of another.
async fn drive_as(slug: &str, of: &str, change: impl Fn(String) -> String) {
    let declaration = std::fs::read_to_string(root().join(slug).join("integration.toml")).unwrap();
    let file = root().join(of).join("wire.toml");
    let text = change(std::fs::read_to_string(&file).unwrap());
    let fixture = Fixture::parse(&file.display().to_string(), &text);
    Run::new(declared(&declaration), fixture).await.all().await;
}

async fn drive(slug: &str) {
    drive_as(slug, slug, |text| text).await;
}

macro_rules! driven {
    ($($test:ident = $slug:literal),* $(,)?) => {
        const DRIVEN: &[&str] = &[$($slug),*];

        $(
            #[tokio::test]
            async fn $test() {
                drive($slug).await;
            }
        )*
    };
}

driven! {
    xero = "xero",
    quickbooks_online = "quickbooks-online",
    quickbooks_online_sandbox = "quickbooks-online-sandbox",
    sage_accounting = "sage-accounting",
    freeagent = "freeagent",
    zoho_books = "zoho-books",
    stripe = "stripe",
    square = "square",
    shopify_oauth = "shopify-oauth",
    woocommerce = "woocommerce",
    dynamics_365_business_central = "dynamics-365-business-central",
}

/// As Square, at other addresses, where `session=false` must not be sent.
#[tokio::test]
async fn square_sandbox() {
    let change = |text: String| {
        text.replace("connect.squareup.com", "connect.squareupsandbox.com")
            .replace("session=false&", "")
    };
    drive_as("square-sandbox", "square", change).await;
}

/// As Stripe, with keys of test mode.
#[tokio::test]
async fn stripe_test() {
    let change = |text: String| text.replace("sk_live", "sk_test");
    drive_as("stripe-test", "stripe", change).await;
}

#[test]
fn every_fixture_is_driven() {
    for folder in std::fs::read_dir(root()).unwrap() {
        let folder = folder.unwrap();
        if folder.path().join("wire.toml").exists() {
            let slug = folder.file_name().into_string().unwrap();
            assert!(DRIVEN.contains(&slug.as_str()), "{slug}");
        }
    }
}
