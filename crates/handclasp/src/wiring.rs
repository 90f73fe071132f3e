//! How the parts are put together.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, bail};
use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use handclasp_ambient::{
    SharedClock, SharedRandom, SystemClock, SystemRandom, new_id, random_bytes,
};
use handclasp_app::{App, LimitSettings, Parts, SandboxMode, Settings};
use handclasp_domain::ReplicaId;
use handclasp_integrations::Origins;
use handclasp_outbound::{Outbound, Pin, Policy};
use handclasp_sandbox::{Registered, Registrations, RegistrationsUnavailable, SandboxParts};
use handclasp_store::{Database, OpenError, Opening, Store, StoreOptions};
use handclasp_vault::Vault;
use handclasp_web::cookies::CookiePolicy;
use handclasp_web::csrf::CsrfGate;
use handclasp_web::layers::{Origin, Outer, Sites, Surface};
use handclasp_web::look::assets;
use http::StatusCode;
use http::header::RETRY_AFTER;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::config::Config;
use crate::{integrations, keys, owner};

/// The addresses of the server, settled.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    pub(crate) api: Origin,
    pub(crate) link: Origin,
    pub(crate) sandbox: Origin,
}

impl Addresses {
    /// As configured; what is left empty follows from where the server listens.
    pub(crate) fn of(config: &Config, listening: SocketAddr) -> anyhow::Result<Self> {
        let origin = |name: &str, text: &str| -> anyhow::Result<Origin> {
            let text = text.trim_end_matches('/');
            text.parse().with_context(|| format!("{name}: {text}"))
        };
        let link = if config.link_url.is_empty() {
            origin("link_url", &format!("http://{listening}"))?
        } else {
            origin("link_url", &config.link_url)?
        };
        CookiePolicy::of(&link).context("link_url")?;
        let or_link = |name: &str, text: &str| {
            if text.is_empty() {
                Ok(link.clone())
            } else {
                origin(name, text)
            }
        };
        Ok(Self {
            api: or_link("api_url", &config.api_url)?,
            sandbox: or_link("sandbox_url", &config.sandbox_url)?,
            link,
        })
    }
}

/// Opens the database: brings it up to date, or leaves it as it is.
pub(crate) async fn open_store(config: &Config, opening: Opening) -> anyhow::Result<Store> {
    let database = if config.database_url.is_empty() {
        owner::check(&config.data_dir)?;
        match opening {
            Opening::UpToDate => std::fs::create_dir_all(&config.data_dir)
                .with_context(|| format!("data_dir: cannot make {}", config.data_dir.display()))?,
            Opening::AsItIs => {}
        }
        Database::Sqlite {
            path: config.sqlite_path(),
        }
    } else {
        Database::Postgres {
            url: config.database_url.clone(),
            pool_size: config.database_pool,
            prepared_statements: config.prepared_statements,
        }
    };
    let pool = u32::try_from(config.database_pool).unwrap_or(u32::MAX);
    let [range] = random_bytes::<1>(&SystemRandom);
    let options = StoreOptions {
        // One of sixteen ranges, so that replicas seldom count in the same rows, and restarts do not make ever more of them.
        first_slot: u32::from(range % 16).saturating_mul(pool),
        opening,
        ..StoreOptions::new(database)
    };
    let opened = Store::open(options).await;
    if let Err(missing @ OpenError::Missing { .. }) = &opened {
        bail!("{missing}: handclasp migrate makes one, and so does the first start of the server");
    }
    Ok(opened?)
}

/// Puts the application together. `listening` is where the server's own address leads, for the sandbox's pinned route; none for
/// a command that serves nothing.
pub(crate) async fn build_app(
    config: &Config,
    addresses: &Addresses,
    listening: Option<SocketAddr>,
) -> anyhow::Result<App> {
    let clock: SharedClock = Arc::new(SystemClock::default());
    let random: SharedRandom = Arc::new(SystemRandom);
    let vault = Vault::new(keys::ring(config)?, random.clone());
    let store = open_store(config, Opening::UpToDate).await?;
    let secrets = handclasp_app::prepare(&store, &vault, &*clock, &*random).await?;
    let sandbox_url = Url::parse(&addresses.sandbox.to_string())?;
    let pins = listening.map(|address| Pin {
        origin: sandbox_url.clone(),
        address: reachable(address),
        // Behind a proxy that ends TLS the server's own door is plain.
        plain: true,
    });
    let outbound = Outbound::new(Policy {
        allowed_ranges: config.allowed_ranges.clone(),
        pins: pins.into_iter().collect(),
        ..Policy::default()
    })?;
    Ok(App::new(Parts {
        store,
        vault,
        outbound,
        catalogue: integrations::catalogue(&config.integrations_dir, &Origins::new(&sandbox_url)?)?,
        settings: Settings {
            link_url: Url::parse(&addresses.link.to_string())?,
            sandbox: config.sandbox_integrations.into(),
            limits: LimitSettings {
                address_per_minute: config.requests_per_minute,
                wrong_keys_per_minute: config.wrong_keys_per_minute,
                daily_quota: config.requests_per_day,
            },
        },
        secrets,
        replica: new_id::<ReplicaId>(&*random),
        clock,
        random,
    }))
}

/// A listening address as one can connect to it.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let mut address = listening;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    address
}

/// What stands around what the operator's programs ask for.
pub(crate) fn operator(app: &App) -> Outer {
    Outer::new(Surface::Operator, app.clock().clone(), app.random().clone())
}

/// Whether anybody may move on the clock by which the built-in third party's tokens run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SandboxClock {
    /// Nobody.
    Fixed,
    /// Anybody: for the demo, which stands on one machine for one person.
    Movable,
}

/// The routers under their addresses, and the probes under all of them.
pub(crate) fn sites(
    app: &App,
    addresses: &Addresses,
    probes: Router,
    clock: SandboxClock,
) -> anyhow::Result<Sites> {
    let outer = |surface, origin: &Origin| {
        Outer::new(surface, app.clock().clone(), app.random().clone()).with_hsts(origin.is_https())
    };
    let cookies = CookiePolicy::of(&addresses.link).context("link_url")?;
    let forms = app.secrets().forms.clone();
    let gate = CsrfGate::new(
        move |parts: &[&[u8]]| forms.mac(parts),
        &addresses.link,
        cookies,
        app.random().clone(),
    );
    let pages = outer(Surface::Pages, &addresses.link);
    let programs = handclasp_api::limited(outer(Surface::Api, &addresses.api), app.clone());
    let probes = operator(app).wrap(probes);
    let link = handclasp_link::router(app.clone(), cookies, &gate);
    let api = handclasp_api::router(app.clone(), &addresses.api);
    let look = pages.wrap(assets::router());
    let sites = Sites::new(pages.clone())
        .for_programs("/api", programs.clone())
        .mount(&addresses.link, "/", pages.wrap(link))
        .mount(&addresses.link, "/assets", look.clone())
        .mount(&addresses.link, assets::FAVICON, look)
        .mount(&addresses.api, "/api", programs.wrap(api))
        .everywhere("/healthz", probes.clone())
        .everywhere("/readyz", probes);
    match app.settings().sandbox {
        // Not even its pages are there.
        SandboxMode::Never => Ok(sites),
        SandboxMode::ByParameter | SandboxMode::Shown => {
            let look = outer(Surface::Pages, &addresses.sandbox).wrap(assets::router());
            let sandbox = sandbox(app, addresses, clock)?;
            Ok(sites
                .mount(&addresses.sandbox, "/assets", look.clone())
                .mount(&addresses.sandbox, assets::FAVICON, look)
                .mount(&addresses.sandbox, "/sandbox", sandbox.clone())
                // Where RFC 8414 looks for the metadata of an issuer with a path.
                .mount(
                    &addresses.sandbox,
                    "/.well-known/oauth-authorization-server/sandbox",
                    sandbox,
                ))
        }
    }
}

/// `/healthz`: the process runs. `/readyz`: it can be sent requests, which it can't once it is told to stop, or while the
/// database does not answer. That the database is migrated is certain: the server would not have started.
pub(crate) fn probes(app: &App, stop: &CancellationToken) -> Router {
    let (app, stop) = (app.clone(), stop.clone());
    let ready = move || {
        let (app, stop) = (app.clone(), stop.clone());
        async move {
            if stop.is_cancelled() {
                return not_ready("the server is stopping\n");
            }
            match app.store().ping().await {
                Ok(()) => "ready\n".into_response(),
                Err(_) => not_ready("the database does not answer\n"),
            }
        }
    };
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
}

fn not_ready(why: &'static str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")], why).into_response()
}

/// The built-in third party. Of our clients it knows what each registered there, as a real one would.
fn sandbox(app: &App, addresses: &Addresses, clock: SandboxClock) -> anyhow::Result<Router> {
    let (secrets, apps) = (app.clone(), app.clone());
    let registrations = Registrations::new(
        move |id: &str| Some(secrets.sandbox_secret(id.parse().ok()?)),
        move |id: String| {
            let app = apps.clone();
            async move {
                let Ok(client) = id.parse() else {
                    return Ok(None);
                };
                let unavailable =
                    |error: handclasp_app::AppError| RegistrationsUnavailable(error.to_string());
                match app.client(client).await {
                    Ok(found) => {
                        let sandboxes = app.catalogue().iter().filter(|one| one.is_built_in());
                        let uris = sandboxes.map(|one| app.redirect_uri(client, one.key));
                        Ok(Some(Registered {
                            name: found.name,
                            redirect_uris: uris.collect::<Result<_, _>>().map_err(unavailable)?,
                        }))
                    }
                    Err(handclasp_app::AppError::NotFound(_)) => Ok(None),
                    Err(error) => Err(unavailable(error)),
                }
            }
        },
    );
    Ok(handclasp_sandbox::router(SandboxParts {
        origin: addresses.sandbox.clone(),
        registrations,
        store: app.store().clone(),
        tokens: app.secrets().sandbox_tokens.clone(),
        signing: app.secrets().sandbox_signing.clone(),
        forms: app.secrets().forms.clone(),
        clock: app.clock().clone(),
        movable_clock: clock == SandboxClock::Movable,
        random: app.random().clone(),
    })?)
}
