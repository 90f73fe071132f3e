//! The demo: everything to try it out, on this machine alone.
//!
//! Link stands on `127.0.0.1`, the third party and the sample platform on `localhost`, so that cookies and redirects are really
//! between sites.

mod inbox;
mod platform;

use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use handclasp_app::{AlertAuthHeader, App, Caller, NewCompany, ProfileChange};
use handclasp_domain::{
    Actor, ClientId, CompanyId, CompanyName, ConsumerId, Products, References, Scopes, Tags,
};
use handclasp_web::layers::{Outer, Proxies, Surface};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::cli::Demo;
use crate::config::{Config, Sandbox};
use crate::{keys, logs, metrics, owner, server, wiring};

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
    owner::check(&data_dir)?;
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
    let own = overridden(&given);
    let mut allowed_ranges = given.allowed_ranges.clone();
    allowed_ranges.extend(["127.0.0.0/8".parse::<IpNet>()?, "::1/128".parse()?]);
    let config = Config {
        listen: listening,
        link_url: format!("http://{listening}"),
        api_url: format!("http://{listening}"),
        sandbox_url: format!("http://localhost:{}", listening.port()),
        master_key: String::new(),
        master_key_file: key_file.display().to_string(),
        sandbox_integrations: Sandbox::Shown,
        allowed_ranges,
        log: Some(given.log.unwrap_or_else(|| "warn".to_owned())),
        // Nothing stands in front of it that would have to notice.
        drain_seconds: Some(given.drain_seconds.unwrap_or(0)),
        data_dir,
        ..given
    };
    logs::start(&config)?;
    if !own.is_empty() {
        tracing::warn!(
            settings = own.join(", "),
            "the demo does not heed these settings: it has values of its own"
        );
    }
    let handle = metrics::install()?;
    let metrics_listener = metrics::listen(config.metrics_listen).await?;
    let addresses = wiring::Addresses::of(&config, listening)?;
    let app = wiring::build_app(&config, &addresses, Some(listening)).await?;
    let memory = remember(&app, &memory_file, &addresses).await?;
    let inbox = inbox::Inbox::new(&app, memory.client, memory.consumer).await?;
    let outer = Outer::new(Surface::Pages, app.clock().clone(), app.random().clone());
    let stop = CancellationToken::new();
    let probes = wiring::probes(&app, &stop);
    if let Some(listener) = metrics_listener {
        metrics::serve(listener, handle, &wiring::operator(&app), probes.clone());
    }
    let proxies = Proxies::trusting(config.trusted_proxies.iter().copied());
    let sites = wiring::sites(&app, &addresses, probes, wiring::SandboxClock::Movable)?
        .mount(
            &addresses.sandbox,
            "/demo",
            outer.wrap(platform::router(app.clone(), &memory, &addresses).merge(inbox.pages())),
        )
        .mount(&addresses.link, "/demo/inbox", outer.wrap(inbox.receiver()))
        .behind(proxies);
    // Who has read the announcement may stop it at once.
    let signals = server::Signals::listen()?;
    announce(settings, &addresses, &app, &memory)?;
    server::run(&config, app, sites, listener, stop, signals).await?;
    drop(temporary);
    Ok(())
}

/// The settings that were given and that the demo has values of its own for.
fn overridden(given: &Config) -> Vec<&'static str> {
    let default = Config::default();
    [
        ("listen", given.listen != default.listen),
        ("data_dir", given.data_dir != default.data_dir),
        ("link_url", !given.link_url.is_empty()),
        ("api_url", !given.api_url.is_empty()),
        ("sandbox_url", !given.sandbox_url.is_empty()),
        ("master_key", !given.master_key.is_empty()),
        ("master_key_file", !given.master_key_file.is_empty()),
        (
            "sandbox_integrations",
            given.sandbox_integrations != default.sandbox_integrations,
        ),
    ]
    .into_iter()
    .filter_map(|(name, set)| set.then_some(name))
    .collect()
}

/// The demo's client, key, company and webhook consumer: those of before, or new ones.
async fn remember(app: &App, file: &Path, addresses: &wiring::Addresses) -> anyhow::Result<Memory> {
    if file.exists() {
        let text = std::fs::read_to_string(file)?;
        let mut memory: Memory = serde_json::from_str(&text)
            .with_context(|| format!("{} is damaged", file.display()))?;
        app.client(memory.client)
            .await
            .with_context(|| format!("{} belongs to another database", file.display()))?;
        // The port may be another one than before.
        point_at(app, memory.client, addresses).await?;
        let before = memory.consumer;
        memory.consumer = inbox::resubscribe(app, &memory, addresses).await?;
        if memory.consumer != before {
            note(file, &memory)?;
        }
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
                products: Products::default(),
                references: References::default(),
            },
        )
        .await?;
    let memory = Memory {
        client,
        api_key: made.api_key.expose().clone(),
        company: company.company.id,
        consumer,
    };
    note(file, &memory)?;
    Ok(memory)
}

/// Writes down what is to be remembered: whole, or not at all.
fn note(file: &Path, memory: &Memory) -> anyhow::Result<()> {
    let folder = file.parent().unwrap_or(file);
    // Its owner alone can read it, as any temporary file.
    let mut out = tempfile::NamedTempFile::new_in(folder)?;
    out.write_all(serde_json::to_string_pretty(memory)?.as_bytes())?;
    out.as_file().sync_all()?;
    out.persist(file)?;
    Ok(())
}

fn operator(client: ClientId) -> Caller {
    Caller {
        client,
        actor: Actor::Operator,
        name: None,
        address: None,
        correlation: None,
        once: None,
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
            logo_url: found.logo_url,
            icon_url: found.icon_url,
            confirm_company_name: found.confirm_company_name,
            alert_auth_header: AlertAuthHeader::Keep,
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
