//! The way back from a third party.

use axum::extract::{FromRequestParts, RawPathParams, State};
use axum::response::{IntoResponse, Response};
use handclasp_app::{AuthorizationRequest, CallbackAnswer};
use handclasp_domain::{ClientId, PlatformKey};
use handclasp_integrations::CallbackQuery;
use handclasp_web::error::{PageError, PageErrorKind};
use handclasp_web::i18n::Localizer;
use handclasp_web::look::PageContext;
use http::{Method, StatusCode};

use super::result::base_of;
use super::see_other;
use crate::visit::{browser, caller};
use crate::{Link, error};

/// What a callback brings.
pub(crate) struct Callback {
    client: ClientId,
    platform: PlatformKey,
    page: PageContext,
    parts: http::request::Parts,
}

impl FromRequestParts<Link> for Callback {
    type Rejection = PageError;

    async fn from_request_parts(
        parts: &mut http::request::Parts,
        link: &Link,
    ) -> Result<Self, PageError> {
        let page = PageContext::from_request_parts(parts, link).await?;
        let unknown = || error::no_such_link(&page.t);
        let params = RawPathParams::from_request_parts(parts, link)
            .await
            .map_err(|_| unknown())?;
        let value = |wanted: &str| {
            params
                .iter()
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| value.to_owned())
        };
        let client = value("client")
            .and_then(|text| text.parse().ok())
            .ok_or_else(unknown)?;
        let platform = value("platform")
            .and_then(|text| text.parse().ok())
            .ok_or_else(unknown)?;
        Ok(Self {
            client,
            platform,
            parts: parts.clone(),
            page,
        })
    }
}

/// Takes a callback, and goes on to the page that shows how it went.
pub(crate) async fn take(
    State(link): State<Link>,
    method: Method,
    callback: Callback,
) -> Result<Response, PageError> {
    if method == Method::HEAD {
        // To ask for the head alone is to look, and looking uses no code up.
        return Ok(StatusCode::OK.into_response());
    }
    let Callback {
        client,
        platform,
        page,
        parts,
    } = callback;
    let query = parts.uri.query().unwrap_or_default();
    let query = CallbackQuery::parse(
        url::form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned())),
    )
    .map_err(|why| foreign(&page.t).because(why))?;
    let who = browser(&link, &parts.headers);
    let answer = link
        .app
        .take_callback(&caller(client, &parts, &page), platform, query, who)
        .await
        .map_err(|failed| error::of(&failed, &page.t))?;
    match answer {
        CallbackAnswer::Over(attempt)
        | CallbackAnswer::Running(attempt)
        | CallbackAnswer::TooLate(attempt) => Ok(see_other(&result_address(&attempt))),
        CallbackAnswer::Foreign => Err(foreign(&page.t)),
    }
}

/// Where the result of an attempt is shown.
fn result_address(attempt: &AuthorizationRequest) -> String {
    format!("{}/result/{}", base_of(attempt), attempt.id)
}

/// Another browser or app than the one that went to the third party, or an address that was made up. Nothing has changed.
fn foreign(t: &Localizer) -> PageError {
    PageError::new(PageErrorKind::BadRequest)
        .saying(
            t.text("link-foreign-title"),
            t.text("link-foreign-what"),
            t.text("link-foreign-todo"),
        )
        .in_language(t.lang())
}
