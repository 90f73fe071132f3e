//! The way back from a third party.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, RawPathParams, State};
use axum::response::{IntoResponse, Response};
use handclasp_app::{AuthorizationRequest, CallbackAnswer};
use handclasp_domain::{ClientId, PlatformKey};
use handclasp_integrations::{CallbackQuery, DELIVERY_MAX};
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
        let (client, platform) = ids(&params).map_err(|NoIds| unknown())?;
        Ok(Self {
            client,
            platform,
            parts: parts.clone(),
            page,
        })
    }
}

/// The address has no client's id, or no integration's key.
struct NoIds;

fn ids(params: &RawPathParams) -> Result<(ClientId, PlatformKey), NoIds> {
    let value = |wanted: &str| {
        let found = params.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| value)
    };
    let client = value("client").and_then(|text| text.parse().ok());
    let platform = value("platform").and_then(|text| text.parse().ok());
    Ok((client.ok_or(NoIds)?, platform.ok_or(NoIds)?))
}

/// The longest form with which a person is sent back, in bytes. The address that it becomes is bounded as all are.
const FORM_MAX: usize = 8 * 1024;

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

/// Takes what a third party's server delivers before the person is back. It comes without a cookie, and is no page: who delivers is told
/// whether it is kept, and nothing else.
pub(crate) async fn deliver(
    State(link): State<Link>,
    params: RawPathParams,
    body: Body,
) -> StatusCode {
    let Ok((client, platform)) = ids(&params) else {
        return StatusCode::BAD_REQUEST;
    };
    let Ok(body) = to_bytes(body, DELIVERY_MAX).await else {
        return StatusCode::BAD_REQUEST;
    };
    match link.app.take_delivery(client, platform, &body).await {
        Ok(Some(status)) => StatusCode::from_u16(status).unwrap_or(StatusCode::OK),
        Ok(None) => StatusCode::BAD_REQUEST,
        Err(error) => {
            tracing::error!(%error, cause = ?error, "what was delivered can't be kept");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// Takes a callback whose parameters come as a form (OAuth 2.0 Form Post Response Mode), and has the browser bring them in the address:
/// with a form from another site it sends no cookie.
pub(crate) async fn from_form(
    State(link): State<Link>,
    callback: Callback,
    body: Body,
) -> Result<Response, PageError> {
    let refused = || foreign(&callback.page.t);
    if !link.app.is_called_back_by_form(callback.platform) {
        return Err(refused());
    }
    let body = to_bytes(body, FORM_MAX).await.map_err(|_| refused())?;
    let pairs = url::form_urlencoded::parse(&body);
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let path = callback.parts.uri.path();
    Ok(see_other(&format!("{path}?{query}")))
}
