//! `ANY /companies/{companyId}/connections/{connectionId}/proxy/{*path}`

use axum::body::Body as AxumBody;
use axum::extract::{Request as AxumRequest, State};
use axum::response::Response;
use handclasp_domain::{CompanyId, ConnectionId};
use handclasp_integrations::api::{Body, Request};
use handclasp_web::error::{ApiError, BodyError};
use handclasp_web::layers::BodyFault;
use http_body::Body as _;
use http_body_util::BodyExt;

use crate::auth::MayUseCredentials;
use crate::doc::{Doc, Tag};
use crate::reply::Answer;
use crate::state::Api;

/// A body of at most so many bytes is read before the call, so that the call can be made again with a fresh token: 64 KiB.
const WHOLE: u64 = 64 * 1024;

/// Passes a call on to the connected system.
pub(crate) async fn proxy_call(
    MayUseCredentials(caller): MayUseCredentials,
    State(api): State<Api>,
    request: AxumRequest,
) -> Answer {
    // As it is spelled: whatever is decoded on the way can't be told from what was meant.
    let (company, id, path) = parts(request.uri().path())
        .ok_or_else(|| ApiError::not_found("There is no such connection."))?;
    let (path, query) = (path.to_owned(), request.uri().query().map(str::to_owned));
    let (head, body) = request.into_parts();
    let request = Request {
        method: head.method,
        path,
        query,
        headers: head.headers,
        body: body_of(body).await?,
    };
    let answer = api.proxy(&caller, company, id, request).await?;
    let mut response = Response::new(AxumBody::new(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}

/// The ids in a path of this route, and what stands after it.
fn parts(path: &str) -> Option<(CompanyId, ConnectionId, &str)> {
    let rest = path
        .strip_prefix(crate::PREFIX)?
        .strip_prefix("/companies/")?;
    let (company, rest) = rest.split_once("/connections/")?;
    let (connection, rest) = rest.split_once("/proxy/")?;
    Some((company.parse().ok()?, connection.parse().ok()?, rest))
}

/// A body that says that it is small is read whole.
async fn body_of(body: AxumBody) -> Result<Body, ApiError> {
    if body.size_hint().exact().is_none_or(|length| length > WHOLE) {
        let stream = body.map_err(Into::into).boxed_unsync();
        return Ok(Body::Stream(stream));
    }
    match body.collect().await {
        Ok(whole) => Ok(Body::Whole(whole.to_bytes())),
        Err(error) => Err(match BodyFault::of(&error) {
            BodyError::TooSlow => ApiError::request_timeout(),
            BodyError::TooLarge | BodyError::Broken => {
                ApiError::bad_request("The request's body broke off.")
            }
        }),
    }
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new(
        "proxy",
        Tag::Connections,
        "Call the connected system",
    )
    .text(
        "Passes the request on to the integration's API with a fresh access token: method, query and body as they are, and every \
         header that is not about this server. The path is put after the integration's base address; it must be percent-encoded, \
         with no dot segments, no empty segments and no encoded slashes. The answer is the connected system's own, redirects \
         included, without its cookies. What goes wrong before that has the form of all errors. Bodies go up to 32 MiB to the system, and up to 512 MiB back. \
         While the system asks to wait, calls are answered 429 without being made.",
    )
    .passes_on()
    .error(400)
    .error(408)
    .error(409)
    .error(413)
    .error(502)
    .error(504)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart_as_they_are_spelled() {
        let id = "3fa85f64-5717-4562-b3fc-2c963f66afa6";
        let of = |rest: &str| {
            let path = format!("/api/companies/{id}/connections/{id}/proxy/{rest}");
            parts(&path).map(|(_, _, rest)| rest.to_owned())
        };
        for rest in ["a", "a/b%2Fc", "/proxy/x", "..", "%2e"] {
            assert_eq!(of(rest).as_deref(), Some(rest));
        }
        for other in [
            format!("/api/companies/x/connections/{id}/proxy/a"),
            format!("/api/companies/{id}/connections/{id}%2f/proxy/a"),
            format!("/companies/{id}/connections/{id}/proxy/a"),
        ] {
            assert!(parts(&other).is_none(), "{other}");
        }
    }
}
