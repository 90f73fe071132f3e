//! A page with every component in every state, and whole pages made of them. For the demo and for tests only.

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::HeaderValue;
use http::header::CONTENT_TYPE;

use crate::error::{PageError, PageErrorKind};
use crate::form::QueryFields;
use crate::look::{Brand, Icon, PageContext, PageShell, Tone, render};

const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 48 48\"><path d=\"M24 4l13 17h-7l10 13H27v10h-6V34H8l10-13h-7z\" fill=\"#2f7d4f\"/></svg>";

/// The styleguide: `/styleguide` and `/styleguide/{page}`, with `?colour=%23ffe600` for another brand and
/// `?locale=de` for another language. Wants [`crate::layers::Outer`] around it.
pub fn router() -> Router {
    Router::new()
        .route("/styleguide", get(components))
        .route("/styleguide/logo.svg", get(logo))
        .route("/styleguide/{page}", get(page))
}

macro_rules! pages {
    ($($name:ident = $path:literal),* $(,)?) => {$(
        #[derive(Template)]
        #[template(path = $path)]
        struct $name {
            shell: PageShell,
        }
    )*};
}
pages! {
    Components = "styleguide/all.html",
    Landing = "styleguide/landing.html",
    Choose = "styleguide/choose.html",
    Consent = "styleguide/consent.html",
    Progress = "styleguide/progress.html",
    Done = "styleguide/done.html",
    Leave = "styleguide/leave.html",
}

/// The names of the whole pages, for whoever takes their pictures.
pub const PAGES: [&str; 7] = [
    "landing", "choose", "consent", "progress", "done", "leave", "error",
];

fn shell(context: PageContext, query: &QueryFields) -> PageShell {
    let asked = |name| query.0.one(name).ok().flatten();
    let brand = Brand {
        primary: asked("colour").and_then(|c| c.parse().ok()),
        ..Brand::of("Acme")
    };
    let context = context.speaking(asked("locale"));
    let mut shell = context.shell(brand).with_exit("/styleguide/leave", "Leave");
    if asked("dir") == Some("rtl") {
        shell.dir = "rtl";
    }
    shell
}

async fn components(context: PageContext, query: QueryFields) -> Response {
    let shell = shell(context, &query);
    render(&Components { shell })
}

async fn logo() -> Response {
    (
        [(CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"))],
        LOGO,
    )
        .into_response()
}

async fn page(Path(page): Path<String>, context: PageContext, query: QueryFields) -> Response {
    let shell = shell(context, &query);
    match page.as_str() {
        "landing" => render(&Landing { shell }),
        "choose" => render(&Choose { shell }),
        "consent" => render(&Consent { shell }),
        "progress" => render(&Progress { shell }),
        "done" => render(&Done { shell }),
        "leave" => render(&Leave { shell }),
        "error" => PageError::new(PageErrorKind::Gone)
            .in_language(shell.t.lang())
            .branded(shell.brand)
            .with_action("Back to Acme", "/styleguide")
            .into_response(),
        _ => PageError::new(PageErrorKind::NotFound).into_response(),
    }
}
