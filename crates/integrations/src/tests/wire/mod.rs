//! Each integration with a `wire.toml` is driven through the real client against a third party that answers as written there. What it
//! was sent, and what was made of its answers, is held against the file, which is no image of the declaration: it was written by
//! hand from what the vendor documents.

mod fixture;
mod run;
mod seen;

use std::path::Path;

use self::fixture::Fixture;
use self::run::Run;
use super::*;

/// The fixture of an integration's folder, where it has one.
fn fixture(folder: &Path) -> Option<Fixture> {
    let file = folder.join("wire.toml");
    let text = std::fs::read_to_string(&file).ok()?;
    Some(Fixture::parse(&file.display().to_string(), &text))
}

async fn drive(slug: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integrations");
    let folder = root.join(slug);
    let declaration = std::fs::read_to_string(folder.join("integration.toml")).unwrap();
    let fixture = fixture(&folder).unwrap();
    Run::new(declared(&declaration), fixture).await.all().await;
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

#[test]
fn every_fixture_is_driven() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integrations");
    for folder in std::fs::read_dir(root).unwrap() {
        let folder = folder.unwrap();
        if folder.path().join("wire.toml").exists() {
            let slug = folder.file_name().into_string().unwrap();
            assert!(DRIVEN.contains(&slug.as_str()), "{slug}");
        }
    }
}
