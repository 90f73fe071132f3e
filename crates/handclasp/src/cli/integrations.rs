//! `integrations`: what this server can connect, and whether a declaration is right.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use handclasp_domain::PlatformKey;
use handclasp_integrations::{Auth, Catalogue, Integration, Origins};
use url::Url;

use crate::config::Config;
use crate::integrations::{self, OwnFolder};
use crate::wiring::Addresses;

#[derive(Debug, Subcommand)]
pub(super) enum IntegrationsCommand {
    /// Lists all integrations: key, kind of software, how they are authorized, name
    List,
    /// Shows what a declaration says: what is entered and asked for, and every address that it leads to
    Show {
        /// The integration's key
        key: PlatformKey,
    },
    /// Checks a declaration of your own: its folder, or the integration.toml in it
    Check {
        /// The folder or the file
        path: PathBuf,
    },
}

/// Runs a command.
pub(super) fn run(config: &Config, command: &IntegrationsCommand) -> anyhow::Result<()> {
    let sandbox = Addresses::of(config, config.listen)?.sandbox;
    let origins = Origins::new(&Url::parse(&sandbox.to_string())?)?;
    let catalogue = || integrations::catalogue(&config.integrations_dir, &origins);
    match command {
        IntegrationsCommand::List => list(&catalogue()?),
        IntegrationsCommand::Show { key } => {
            let catalogue = catalogue()?;
            let Some(integration) = catalogue.get(*key) else {
                bail!(
                    "there is no integration with the key {key}: see handclasp integrations list"
                );
            };
            show(integration);
        }
        IntegrationsCommand::Check { path } => check(path, &origins)?,
    }
    Ok(())
}

fn list(catalogue: &Catalogue) {
    for integration in catalogue.iter() {
        println!(
            "{}  {:<10}  {:<26}  {}{}",
            integration.key,
            integration.source_type.to_string(),
            kind(integration),
            integration.name,
            mark(integration)
        );
    }
}

fn mark(integration: &Integration) -> &'static str {
    match (integration.sandbox, integration.unverified) {
        (true, false) => "  (sandbox)",
        (true, true) => "  (sandbox, unverified)",
        (false, true) => "  (unverified)",
        (false, false) => "",
    }
}

fn show(integration: &Integration) {
    println!(
        "{}  {}{}",
        integration.key,
        integration.name,
        mark(integration)
    );
    let line = |name: &str, value: &str| println!("{name:<15} {value}");
    line("kind", &integration.source_type.to_string());
    line("authorized by", kind(integration));
    line("documentation", &integration.docs);
    line("scopes", &integration.scopes().join(" "));
    line("required", &integration.required_scopes().join(" "));
    for field in integration.operator_fields() {
        let secret = if field.secret { ", a secret" } else { "" };
        let optional = if field.optional {
            ", may be left out"
        } else {
            ""
        };
        line(
            "staff enter",
            &format!("{}: {}{secret}{optional}", field.name, field.label),
        );
    }
    for field in &integration.person {
        let optional = if field.optional {
            ", may be left out"
        } else {
            ""
        };
        line(
            "person types",
            &format!("{}: {}{optional}", field.name, field.kind.as_str()),
        );
    }
    let mut addresses = integration.addresses();
    addresses.sort();
    addresses.dedup();
    for address in addresses {
        line("leads to", &address);
    }
    line("bound to", &integration.fingerprint().to_string());
}

fn check(path: &Path, origins: &Origins) -> anyhow::Result<()> {
    let folder = match path.file_name() {
        Some(name) if name == "integration.toml" => path.parent().context("no folder")?,
        Some(_) | None => path,
    };
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let own = OwnFolder::read(folder)?;
    let catalogue = integrations::alone(&own, origins)?;
    let taken = Catalogue::embedded(origins)?;
    for integration in catalogue.iter() {
        println!(
            "{}  {}: the declaration can be read. It is authorized by {}.",
            integration.key,
            integration.name,
            kind(integration)
        );
        if let Some(other) = taken.get(integration.key) {
            println!("It takes the place of {}, which has this key.", other.name);
        }
    }
    Ok(())
}

/// How it is authorized, in a few words.
const fn kind(integration: &Integration) -> &'static str {
    match &integration.auth {
        Auth::OAuth2Code(_) => "OAuth 2 code",
        Auth::ClientCredentials(_) => "OAuth 2 client credentials",
        Auth::OAuth1(_) => "OAuth 1.0a",
        Auth::Credentials => "key or password",
        Auth::TokenLink(_) => "token link",
        Auth::Delivery(_) => "delivered keys",
        Auth::FileUpload => "file upload",
    }
}
