//! The demo: everything to try it out, on this machine alone.
//!
//! Link stands on `127.0.0.1`, the third party and the sample platform on `localhost`, so that cookies and redirects are really
//! between sites.

mod inbox;
mod platform;

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, bail};
use handclasp_app::{App, Caller, NewCompany, ProfileChange};
use handclasp_domain::{Actor, ClientId, CompanyId, CompanyName, ConsumerId, Scopes, Tags};
use handclasp_web::layers::{Outer, Surface};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::cli::Demo;
use crate::config::{Config, Sandbox};
use crate::{keys, logs, metrics, server, wiring};

/// What the demo remembers of itself, so that it goes on where it was when it is started again with the same folder.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Memory {
    client: ClientId,
    api_key: String,
    company: CompanyId,
    consumer: ConsumerId,
}

/// Runs the demo.
pub(crate) async fn run(given: Config, settings: &Demo) -> anyhow::Result<()> {
    if !settings.listen.ip().is_loopback() {
        bail!(
            "the demo listens on this machine alone: --listen 127.0.0.1:8080, for example. Use serve for others to reach it"
        );
    }
    let temporary = tempfile::Builder::new()
        .prefix("handclasp-demo-")
        .tempdir()?;
    let data_dir = match &settings.data_dir {
        Some(given) => given.clone(),
        None => temporary.path().to_owned(),
    };
    std::fs::create_dir_all(&data_dir)
        .with_context(|| format!("--data-dir: cannot make {}", data_dir.display()))?;
    let key_file = data_dir.join("master.key");
    let memory_file = data_dir.join("demo.json");
    if !key_file.exists() {
        if memory_file.exists() || data_dir.join("handclasp.db").exists() {
            bail!(
                "{} is missing, and the data cannot be opened without it",
                key_file.display()
            );
        }
        keys::generate(&key_file)?;
    }
    let listener = server::listen(settings.listen).await?;
    let listening = listener.local_addr()?;
    let config = Config {
        listen: listening,
        link_url: format!("http://{listening}"),
        api_url: format!("http://{listening}"),
        sandbox_url: format!("http://localhost:{}", listening.port()),
        master_key: String::new(),
        master_key_file: key_file.display().to_string(),
        sandbox_integrations: Sandbox::Shown,
        allowed_ranges: vec!["127.0.0.0/8".parse()?, "::1/128".parse()?],
        log: Some(given.log.unwrap_or_else(|| "warn".to_owned())),
        // Nothing stands in front of it that would have to notice.
        drain_seconds: Some(given.drain_seconds.unwrap_or(0)),
        data_dir,
        ..given
    };
    logs::start(&config)?;
    metrics::install()?;
    let addresses = wiring::Addresses::of(&config, listening)?;
    let app = wiring::build_app(&config, &addresses, Some(listening)).await?;
    let memory = remember(&app, &memory_file, &addresses).await?;
    let inbox = inbox::Inbox::new(&app, memory.client, memory.consumer).await?;
    let outer = Outer::new(Surface::Pages, app.clock().clone(), app.random().clone());
    let stop = CancellationToken::new();
    let sites = wiring::sites(&app, &addresses, wiring::probes(&app, &stop))?
        .mount(
            &addresses.sandbox,
            "/demo",
            outer.wrap(platform::router(app.clone(), &memory, &addresses).merge(inbox.pages())),
        )
        .mount(&addresses.link, "/demo/inbox", outer.wrap(inbox.receiver()));
    // Who has read the announcement may stop it at once.
    let signals = server::Signals::listen()?;
    announce(settings, &addresses, &app, &memory)?;
    server::run(&config, app, sites, listener, stop, signals).await?;
    drop(temporary);
    Ok(())
}

/// The demo's client, key, company and webhook consumer: those of before, or new ones.
async fn remember(app: &App, file: &Path, addresses: &wiring::Addresses) -> anyhow::Result<Memory> {
    if file.exists() {
        let text = std::fs::read_to_string(file)?;
        let memory: Memory = serde_json::from_str(&text)
            .with_context(|| format!("{} is damaged", file.display()))?;
        app.client(memory.client)
            .await
            .with_context(|| format!("{} belongs to another database", file.display()))?;
        // The port may be another one than before.
        point_at(app, memory.client, addresses).await?;
        return Ok(memory);
    }
    let made = app
        .create_client("Harbour Lending", Scopes::EVERYTHING)
        .await?;
    let client = made.client.id;
    point_at(app, client, addresses).await?;
    let caller = operator(client);
    // Before the company, so that the inbox gets its event too.
    let consumer = inbox::subscribe(app, &caller, addresses).await?;
    let company = app
        .create_company(
            &caller,
            NewCompany {
                name: CompanyName::parse("demo-customer-1")?,
                description: Some("Made by the demo".to_owned()),
                tags: Tags::default(),
            },
        )
        .await?;
    let memory = Memory {
        client,
        api_key: made.api_key.expose().clone(),
        company: company.id,
        consumer,
    };
    let mut out = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)?;
    out.write_all(serde_json::to_string_pretty(&memory)?.as_bytes())?;
    out.sync_all()?;
    Ok(memory)
}

fn operator(client: ClientId) -> Caller {
    Caller {
        client,
        actor: Actor::Operator,
        address: None,
        correlation: None,
    }
}

/// Sets the redirect URL to the sample platform's page.
async fn point_at(
    app: &App,
    client: ClientId,
    addresses: &wiring::Addresses,
) -> anyhow::Result<()> {
    let found = app.client(client).await?;
    let own =
        found.redirect_url.is_empty() || found.redirect_url.contains("/demo/platform/return?");
    if own {
        let change = ProfileChange {
            name: found.name,
            redirect_url: platform::redirect_url(addresses),
            allowed_redirect_urls: found.allowed_redirect_urls,
        };
        app.change_profile(&operator(client), change).await?;
    }
    Ok(())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Announcement {
    base_url: String,
    api_url: String,
    client_id: ClientId,
    api_key: String,
    company_id: CompanyId,
    link_url: String,
    platform_url: String,
    inbox_url: String,
    sandbox_url: String,
}

fn announce(
    settings: &Demo,
    addresses: &wiring::Addresses,
    app: &App,
    memory: &Memory,
) -> anyhow::Result<()> {
    let said = Announcement {
        base_url: addresses.link.to_string(),
        api_url: format!("{}/api", addresses.api),
        client_id: memory.client,
        api_key: memory.api_key.clone(),
        company_id: memory.company,
        link_url: app.link_url(memory.company),
        platform_url: format!("{}/demo/platform", addresses.sandbox),
        inbox_url: format!("{}/demo/inbox", addresses.sandbox),
        sandbox_url: format!("{}/sandbox", addresses.sandbox),
    };
    let mut out = std::io::stdout().lock();
    if settings.json {
        writeln!(out, "{}", serde_json::to_string(&said)?)?;
    } else {
        writeln!(
            out,
            "Handclasp's demo is running on this machine. Stop it with Ctrl-C.\n"
        )?;
        writeln!(out, "  Walk through Link         {}", said.link_url)?;
        writeln!(out, "  The sample platform       {}", said.platform_url)?;
        writeln!(out, "  What its webhooks brought {}", said.inbox_url)?;
        writeln!(out, "  The API                   {}", said.api_url)?;
        writeln!(out, "  API key                   {}", said.api_key)?;
        if settings.data_dir.is_none() {
            writeln!(
                out,
                "\nIts data is deleted when it stops; --data-dir keeps it."
            )?;
        }
    }
    out.flush()?;
    Ok(())
}
