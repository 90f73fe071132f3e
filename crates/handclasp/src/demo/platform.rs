//! The sample platform: the page from which a customer starts, and the one to which Link's redirect leads.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use handclasp_app::App;
use handclasp_domain::{ClientId, CompanyId};
use handclasp_web::error::PageError;
use handclasp_web::form::QueryFields;
use handclasp_web::look::{Brand, PageContext, PageShell, render};

use super::Memory;
use crate::wiring::Addresses;

/// The redirect URL of the demo's client: every placeholder that there is something to say for.
pub(super) fn redirect_url(addresses: &Addresses) -> String {
    format!(
        "{}/demo/platform/return?companyId={{companyId}}&connectionId={{connectionId}}&platform={{platform}}\
         &platformName={{platformName}}&sourceType={{sourceType}}&statusCode={{statusCode}}&errorMessage={{errorMessage}}\
         &statusText={{statusText}}&companyName={{data.company.companyName}}&journey={{journey}}",
        addresses.sandbox
    )
}

#[derive(Clone)]
struct Platform {
    app: App,
    client: ClientId,
    company: CompanyId,
    inbox: String,
}

/// The sample platform's pages.
pub(super) fn router(app: App, memory: &Memory, addresses: &Addresses) -> Router {
    Router::new()
        .route("/demo/platform", get(start))
        .route("/demo/platform/return", get(came_back))
        .with_state(Platform {
            app,
            client: memory.client,
            company: memory.company,
            inbox: format!("{}/demo/inbox", addresses.sandbox),
        })
}

#[derive(Template)]
#[template(path = "demo_start.html")]
struct Start {
    shell: PageShell,
    name: String,
    link: String,
    inbox: String,
}

async fn start(State(platform): State<Platform>, page: PageContext) -> Result<Response, PageError> {
    let client = platform
        .app
        .client(platform.client)
        .await
        .map_err(PageError::internal)?;
    Ok(render(&Start {
        shell: page
            .speaking(Some("en"))
            .shell(Brand::of(client.name.as_str())),
        name: client.name,
        link: format!("{}?journey=demo", platform.app.link_url(platform.company)),
        inbox: platform.inbox,
    }))
}

#[derive(Template)]
#[template(path = "demo_return.html")]
struct CameBack {
    shell: PageShell,
    headline: &'static str,
    parameters: Vec<(String, String)>,
    inbox: String,
    again: String,
}

async fn came_back(
    State(platform): State<Platform>,
    QueryFields(query): QueryFields,
    page: PageContext,
) -> Result<Response, PageError> {
    let client = platform
        .app
        .client(platform.client)
        .await
        .map_err(PageError::internal)?;
    let headline = match query.one("statusCode").ok().flatten() {
        Some("200") => "Your customer has connected their software",
        Some("201") => "Your customer had nothing left to do",
        Some("403") => "Your customer left before connecting",
        Some("501") => "Your customer uses software that is not supported",
        Some(_) | None => "Your customer came back without a connection",
    };
    Ok(render(&CameBack {
        shell: page
            .speaking(Some("en"))
            .shell(Brand::of(client.name.as_str())),
        headline,
        parameters: query
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        inbox: platform.inbox,
        again: "/demo/platform".to_owned(),
    }))
}
