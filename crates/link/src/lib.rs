//! Link: the hosted pages that a company's person walks through.
//!
//! Each screen is a page with an address of its own and a file in `screens`. All state is on the server: the browser holds one
//! cookie, which the journey is bound to. Looking changes nothing; what changes something is a form.

mod consent_text;
mod error;
mod screens;
mod visit;

use axum::Router;
use axum::routing::{get, post};
use handclasp_app::App;
use handclasp_integrations::DELIVERY_PATH;
use handclasp_web::cookies::CookiePolicy;
use handclasp_web::csrf::CsrfGate;

use screens::{
    callback, choose, connection, consent, direct, done, entities, fields, go, leave, logo,
    not_listed, overview, result,
};

/// What Link's pages work with.
#[derive(Clone)]
pub struct Link {
    pub(crate) app: App,
    pub(crate) cookies: CookiePolicy,
}

/// The pages of Link. To be mounted at the root of Link's origin, inside of its [`handclasp_web::layers::Outer`].
pub fn router(app: App, cookies: CookiePolicy, gate: &CsrfGate) -> Router {
    let link = Link { app, cookies };
    let pages = Router::new()
        .route("/company/{company}", get(overview::show))
        // Older links have these forms.
        .route("/company/{company}/link", get(overview::show))
        .route("/{company}/link", get(overview::show))
        .route("/company/{company}/choose/{category}", get(choose::show))
        .route("/company/{company}/choose", post(choose::choose))
        .route(
            "/company/{company}/not-listed",
            get(not_listed::show).post(not_listed::end),
        )
        .route(
            "/company/{company}/connections/{connection}",
            get(connection::show),
        )
        .route(
            "/company/{company}/connections/{connection}/disconnect",
            get(connection::ask).post(connection::disconnect),
        )
        .route(
            "/company/{company}/connections/{connection}/consent",
            get(consent::show).post(consent::accept),
        )
        .route("/company/{company}/go/{attempt}", get(go::show))
        .route(
            "/company/{company}/fields/{attempt}",
            get(fields::show).post(fields::take),
        )
        .route(
            "/company/{company}/entities/{attempt}",
            get(entities::show).post(entities::choose),
        )
        .route("/company/{company}/result/{attempt}", get(result::show))
        .route(
            "/company/{company}/leave",
            get(leave::show).post(leave::leave),
        )
        .route("/company/{company}/complete", post(done::complete))
        .route("/company/{company}/done", get(done::show))
        .route(
            "/companies/{company}/connections/{connection}/start",
            get(direct::start),
        )
        .route(
            "/companies/{company}/connections/{connection}/fields/{attempt}",
            get(fields::show).post(fields::take),
        )
        .route(
            "/companies/{company}/connections/{connection}/go/{attempt}",
            get(go::show),
        )
        .route(
            "/companies/{company}/connections/{connection}/entities/{attempt}",
            get(entities::show).post(entities::choose),
        )
        .route(
            "/companies/{company}/connections/{connection}/result/{attempt}",
            get(direct::result),
        )
        .route(
            "/companies/{company}/connections/{connection}/leave/{attempt}",
            get(direct::leave),
        )
        .route("/callback/{client}/{platform}", get(callback::take))
        .with_state(link.clone());
    gate.wrap(pages).merge(
        // No forms of ours, so that no page of ours vouches for them: the state does.
        Router::new()
            .route("/callback/{client}/{platform}", post(callback::from_form))
            .route(
                &format!("/callback/{{client}}/{{platform}}/{DELIVERY_PATH}"),
                post(callback::deliver),
            )
            .route("/logos/{file}", get(logo::show))
            .with_state(link),
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use handclasp_domain::SourceType;
    use handclasp_integrations::DataType;
    use handclasp_web::i18n::{Languages, check};

    use crate::screens;

    #[test]
    fn every_text_is_there_and_used() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (src, templates) = (root.join("src"), root.join("templates"));
        let dirs = [src.as_path(), templates.as_path()];
        assert_eq!(check::missing_keys(&dirs).unwrap(), Vec::<String>::new());
        let built = [
            "link-data-",
            "link-failed-",
            "link-category-",
            "link-status-",
            "link-consent-",
            "link-choose-title-",
        ];
        assert_eq!(
            check::unused_keys("link.ftl", &dirs, &built).unwrap(),
            Vec::<String>::new()
        );
    }

    /// The keys that are put together at run time.
    #[test]
    fn every_kind_has_its_text() {
        let english = Languages::embedded().english();
        let data = DataType::ALL
            .iter()
            .map(|kind| format!("link-data-{}", kind.as_str()));
        let categories = SourceType::ALL.iter().flat_map(|kind| {
            let word = kind.as_lower();
            [
                format!("link-category-{word}"),
                format!("link-category-{word}-note"),
                format!("link-choose-title-{word}"),
            ]
        });
        let sections = ["purpose", "access", "account", "data", "retention"]
            .iter()
            .flat_map(|name| ["title", "text"].map(|part| format!("link-consent-{name}-{part}")));
        let failures = screens::failure_keys()
            .flat_map(|key| ["title", "what", "todo"].map(|part| format!("{key}-{part}")));
        let fields = screens::field_keys().map(str::to_owned);
        for key in data
            .chain(categories)
            .chain(sections)
            .chain(failures)
            .chain(fields)
        {
            assert!(english.has(&key), "{key}");
        }
    }
}
