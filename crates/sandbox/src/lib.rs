//! The built-in third party: an OAuth 2 provider of its own (RFC 6749, 7636, 7009, 8414, 9207) and an OpenID provider (OpenID Connect
//! Core 1.0, the code flow; Discovery 1.0), with a sign-in page that offers the outcomes of an authorization. Every journey can be
//! tried with no account anywhere.
//!
//! It is as much of a stranger to the rest of the server as a real third party is: of the server's clients it
//! knows only their [`Registrations`], and it is reached over HTTP, by the code that real ones are reached by.
//!
//! Codes and tokens are signed and not stored. What is stored is one row for each grant: it makes a code work once,
//! a refresh token until it is renewed, and all of them until the grant is revoked. With the scope `openid` an ID token comes with
//! each access token, signed with a key pair whose public half is at `/sandbox/jwks`.

mod claims;
mod id_token;
mod pages;
mod programs;
mod registrations;
mod request;
mod scope;
mod world;

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get, post};
use handclasp_ambient::{SharedClock, SharedRandom};
use handclasp_domain::Secret;
use handclasp_store::Store;
use handclasp_vault::MacKey;
use handclasp_web::cookies::{CookiePolicy, PlainHttp};
use handclasp_web::csrf::CsrfGate;
use handclasp_web::layers::{Origin, Outer, OuterLimits, Surface};
use handclasp_web::look::assets;

pub use registrations::{Registered, Registrations, RegistrationsUnavailable};

use claims::{REFRESH_LIFE, Signer};
use id_token::IdTokenSigner;

/// The largest body that anything here takes.
const MAX_BODY: usize = 64 * 1024;

/// What the sandbox is made of.
pub struct SandboxParts {
    /// Where it stands. Its pages are under `/sandbox` there; for its cookies to be cross-site as a real third
    /// party's are, it should be another host than Link's.
    pub origin: Origin,
    /// The clients that are registered with it.
    pub registrations: Registrations,
    /// Where its grants are kept.
    pub store: Store,
    /// Signs its codes and tokens. For this alone: what it vouches for is a sign-in.
    pub tokens: MacKey,
    /// Signs its ID tokens: an ECDSA key on P-256, as PKCS#8 (RFC 5958). The same on every replica and after every start, or clients
    /// refuse what they were given before.
    pub signing: Secret<Vec<u8>>,
    /// Ties its forms to the browsers that they were made for.
    pub forms: MacKey,
    /// Tells the time.
    pub clock: SharedClock,
    /// Draws the ids of codes.
    pub random: SharedRandom,
}

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum BadParts {
    /// The origin is plain http and not of this machine: the pages' cookies would be seen by everybody between.
    #[error(transparent)]
    PlainHttp(#[from] PlainHttp),
    /// The signing key cannot be used.
    #[error("the sandbox's signing key is no ECDSA key on P-256 in PKCS#8")]
    SigningKey,
}

// What was given for a grant must not outlive it.
const _: () = assert!(REFRESH_LIFE.as_secs() < handclasp_store::sandbox::KEPT.as_secs());

/// What every handler has.
struct Sandbox {
    /// As in the metadata and in each authorization answer: `{origin}/sandbox`.
    issuer: String,
    registrations: Registrations,
    store: Store,
    signer: Signer,
    id_tokens: IdTokenSigner,
    clock: SharedClock,
    random: SharedRandom,
}

type Shared = Arc<Sandbox>;

/// The sandbox with all its layers, to be mounted at its origin under `/` or, where other pages share the origin, under `/sandbox`
/// and `/.well-known/oauth-authorization-server/sandbox` (RFC 8414, 3.1). It serves the assets of its pages itself, under `/assets`.
///
/// # Errors
/// Where the parts are not good to begin with: see [`BadParts`].
pub fn router(parts: SandboxParts) -> Result<Router, BadParts> {
    let SandboxParts {
        origin,
        registrations,
        store,
        tokens,
        signing,
        forms,
        clock,
        random,
    } = parts;
    let outer = |surface| {
        Outer::new(surface, clock.clone(), random.clone())
            .with_limits(OuterLimits {
                body: MAX_BODY,
                ..OuterLimits::default()
            })
            .with_hsts(origin.is_https())
    };
    let gate = CsrfGate::new(
        move |parts: &[&[u8]]| forms.mac(parts),
        &origin,
        CookiePolicy::of(&origin)?,
        random.clone(),
    );
    let sandbox = Arc::new(Sandbox {
        issuer: format!("{origin}/sandbox"),
        registrations,
        store,
        signer: Signer::new(tokens),
        id_tokens: IdTokenSigner::new(&signing).map_err(|_| BadParts::SigningKey)?,
        clock: clock.clone(),
        random: random.clone(),
    });

    let pages = Router::new()
        .route("/sandbox/authorize", get(pages::sign_in::show))
        // An address of its own for the form, as others may post to the one above.
        .route(
            "/sandbox/sign-in",
            get(pages::sign_in::show).post(pages::sign_in::decide),
        )
        .route("/sandbox/return", get(pages::go_back::show))
        .with_state(sandbox.clone());
    let pages = gate
        .wrap(pages)
        .route("/sandbox/authorize", post(pages::sign_in::turn))
        .route("/sandbox/logo.svg", get(pages::logo::show))
        .merge(assets::router());

    let refuse = programs::method_not_allowed;
    let programs = Router::new()
        .route(
            "/sandbox/token",
            post(programs::token::answer).fallback(refuse),
        )
        .route(
            "/sandbox/revoke",
            post(programs::revoke::answer).fallback(refuse),
        )
        .route(
            "/sandbox/userinfo",
            get(programs::userinfo::answer)
                .post(programs::userinfo::answer)
                .fallback(refuse),
        )
        .route(
            "/sandbox/api/organisation",
            get(programs::api::organisation).fallback(refuse),
        )
        .route("/sandbox/api/echo", any(programs::api::echo))
        .route(
            "/sandbox/jwks",
            get(programs::key_set::answer).fallback(refuse),
        )
        .route(
            "/sandbox/.well-known/openid-configuration",
            get(programs::metadata::answer).fallback(refuse),
        )
        .route(
            "/.well-known/oauth-authorization-server/sandbox",
            get(programs::metadata::answer).fallback(refuse),
        )
        .with_state(sandbox);

    Ok(outer(Surface::Pages)
        .wrap(pages)
        // Not wrapped but layered, as two routers with a fallback for unknown paths cannot become one.
        .merge(programs.layer(outer(Surface::Api))))
}
