//! `Idempotency-Key` on POST and PATCH: a request that comes twice is carried out once, and answered twice.
//!
//! ```text
//! Once (table) ─► MayWrite: who is this? ─► begin: what is asked, and was it before? ─► handler ─► use case with `caller.once`
//!      └────────────────────────────────── settle: keeps what was not kept, or gives the first's answer ◄──────┘
//! ```
//! The handler asks for nothing of this but says with [`Reply`] how its answer looks, so that it is kept in its change's transaction.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::handler::Handler;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use futures::future::{BoxFuture, Either};
use futures::stream;
use handclasp_app::{AppError, Begun, Caller, RequestKey, WholeAnswer};
use handclasp_domain::{ClientId, CompanyId};
use handclasp_web::error::{ApiError, ErrorBody, read_body};
use handclasp_web::layers::MAX_BODY;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::PREFIX;
use crate::failure::Failure;
use crate::reply::Answer;
use crate::state::Api;

/// What a request is known by when it comes again.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// What an answer says that was given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Says how a change is answered. Made before the use case is called, as the answer is kept within it.
///
/// ```text
/// let reply = Reply::new(&caller, &api, |api, made| reply::json(StatusCode::OK, &Company::of(api, made, &[])));
/// reply.to(&api.create_company(&caller, new).await?)
/// ```
pub(crate) struct Reply<'a, T> {
    caller: &'a Caller,
    api: &'a Api,
    render: fn(&Api, &T) -> Answer,
}

impl<'a, T: Send + Sync + 'static> Reply<'a, T> {
    /// `render` makes the answer of what the use case gives. It only computes.
    pub(crate) fn new(caller: &'a Caller, api: &'a Api, render: fn(&Api, &T) -> Answer) -> Self {
        if let Some(once) = &caller.once {
            let api = api.clone();
            once.answer_with(move |made: &T| whole(render(&api, made)));
        }
        Self {
            caller,
            api,
            render,
        }
    }

    /// The answer: the one that was kept, where one was.
    pub(crate) fn to(&self, made: &T) -> Answer {
        match self.caller.once.as_ref().and_then(|once| once.answer()) {
            Some(kept) => Ok(again(kept)),
            None => (self.render)(self.api, made),
        }
    }
}

/// An answer as it is kept. Its body is there already: a rendering waits for nothing.
fn whole(answer: Answer) -> Result<WholeAnswer, AppError> {
    let response = answer.map_err(|_| AppError::Internal("an answer can't be written"))?;
    let status = response.status().as_u16();
    let body = read_body(response.into_body(), usize::MAX).now_or_never();
    match body {
        Some(Ok(body)) => Ok(WholeAnswer {
            status,
            body: body.into(),
        }),
        Some(Err(_)) | None => Err(AppError::Internal("an answer's body is not at hand")),
    }
}

/// A kept answer, as it was.
fn again(kept: WholeAnswer) -> Response {
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let has_body = !kept.body.is_empty();
    let mut response = (status, kept.body).into_response();
    response.headers_mut().remove(CONTENT_TYPE);
    if has_body {
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
    }
    if status.is_client_error() {
        response.extensions_mut().insert(ErrorBody);
    }
    response
}

/// A kept answer to somebody who asks again.
fn replayed(kept: WholeAnswer) -> Response {
    let mut response = again(kept);
    let yes = HeaderValue::from_static("true");
    response.headers_mut().insert(REPLAYED, yes);
    response
}

/// A handler of POST or PATCH whose requests may have an idempotency key. Those without one pass as if this were not here.
#[derive(Clone)]
pub(crate) struct Once<H>(pub(crate) H);

impl<H, T> Handler<T, Api> for Once<H>
where
    H: Handler<T, Api>,
    T: 'static,
{
    type Future = Either<H::Future, BoxFuture<'static, Response>>;

    fn call(self, request: Request, api: Api) -> Self::Future {
        if request.headers().contains_key(&IDEMPOTENCY_KEY) {
            Either::Right(Box::pin(call_once(self.0, request, api)))
        } else {
            Either::Left(self.0.call(request, api))
        }
    }
}

async fn call_once<H, T>(handler: H, request: Request, api: Api) -> Response
where
    H: Handler<T, Api>,
    T: 'static,
{
    let (mut parts, body) = request.into_parts();
    let asked = Arc::new(Asked {
        body: Mutex::new(Some(Unread::Coming(body))),
        verdict: Mutex::new(None),
    });
    parts.extensions.insert(Arc::clone(&asked));
    // What the handler reads is what was looked at, or else what comes.
    let body = Arc::clone(&asked);
    let body = Body::from_stream(stream::once(async move { body.read().await }));
    let response = handler
        .call(Request::from_parts(parts, body), api.clone())
        .await;
    match asked.verdict() {
        None => response,
        Some(Verdict::Again(kept)) => replayed(kept),
        Some(Verdict::First(once)) => {
            let response = settle(&api, &once, response).await;
            once.release();
            response
        }
    }
}

/// A request with an idempotency key, on its way to whoever finds out who asks.
struct Asked {
    body: Mutex<Option<Unread>>,
    verdict: Mutex<Option<Verdict>>,
}

enum Unread {
    Coming(Body),
    Here(Bytes),
}

enum Verdict {
    First(Arc<handclasp_app::Once>),
    Again(WholeAnswer),
}

impl Asked {
    /// Reads the body; nothing where somebody else did.
    async fn read(&self) -> Result<Bytes, handclasp_web::error::BodyError> {
        let unread = self
            .body
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match unread {
            Some(Unread::Coming(body)) => read_body(body, MAX_BODY).await,
            Some(Unread::Here(bytes)) => Ok(bytes),
            None => Ok(Bytes::new()),
        }
    }

    fn put_back(&self, bytes: Bytes) {
        *self.body.lock().unwrap_or_else(PoisonError::into_inner) = Some(Unread::Here(bytes));
    }

    fn decide(&self, verdict: Verdict) {
        *self.verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some(verdict);
    }

    fn verdict(&self) -> Option<Verdict> {
        self.verdict
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// Begins a request once it is known who asks, and that he may: for the extractors that make a [`Caller`]. None where the request
/// has no idempotency key. An error is the answer, as all that is not the first request under its key.
pub(crate) async fn begin(
    parts: &Parts,
    api: &Api,
    client: ClientId,
) -> Result<Option<Arc<handclasp_app::Once>>, Failure> {
    let Some(asked) = parts.extensions.get::<Arc<Asked>>() else {
        return Ok(None);
    };
    let key = key_of(&parts.headers)?;
    let body = asked.read().await.map_err(ApiError::from)?;
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let kind = parts.headers.get(CONTENT_TYPE);
    let fingerprint = api.fingerprint(&[
        parts.method.as_str().as_bytes(),
        path.as_bytes(),
        kind.map(HeaderValue::as_bytes).unwrap_or_default(),
        &body,
    ]);
    asked.put_back(body);
    let company = company_of(parts.uri.path());
    match api.begin_once(client, key, fingerprint, company).await? {
        Begun::First(once) => {
            asked.decide(Verdict::First(Arc::clone(&once)));
            Ok(Some(once))
        }
        Begun::Again(kept) => {
            asked.decide(Verdict::Again(kept));
            // It is not what is answered: see `call_once`.
            Err(running().into())
        }
        Begun::Another => Err(another().into()),
        Begun::Running => Err(running().into()),
    }
}

fn key_of(headers: &HeaderMap) -> Result<RequestKey, ApiError> {
    let mut shown = headers.get_all(&IDEMPOTENCY_KEY).iter();
    let key = match (shown.next(), shown.next()) {
        (Some(only), None) => only.to_str().ok().and_then(RequestKey::parse),
        _ => None,
    };
    key.ok_or_else(|| {
        ApiError::bad_field(
            "Idempotency-Key",
            "Idempotency-Key: must be one UUID, as 8e03978e-40d5-43e8-bc93-6894a57f9324.",
            "Format",
        )
    })
}

/// The company that an address is under.
fn company_of(path: &str) -> Option<CompanyId> {
    let rest = path.strip_prefix(PREFIX)?.strip_prefix("/companies/")?;
    rest.split('/').next()?.parse().ok()
}

fn running() -> ApiError {
    ApiError::conflict("The first request with this Idempotency-Key is not answered yet.")
        .retriable()
        .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
}

fn another() -> ApiError {
    ApiError::unprocessable(
        "This Idempotency-Key belongs to another request: use a new one for each.",
    )
}

/// Whether an answer would be the same if it were asked for again: not where the server or the hour is at fault, and not where it
/// was never looked at what is asked.
fn is_lasting(status: StatusCode) -> bool {
    ![
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::PAYLOAD_TOO_LARGE,
        StatusCode::TOO_MANY_REQUESTS,
    ]
    .contains(&status)
        && !status.is_server_error()
}

/// Marks the answer to a change that was not kept in the change's own transaction. No route is to have such: a test holds each to it.
#[derive(Clone)]
pub(crate) struct KeptLate;

/// Keeps the answer of the first request under a key, unless its change did.
async fn settle(api: &Api, once: &handclasp_app::Once, response: Response) -> Response {
    if once.was_repeated() {
        return answer_of_the_faster(api, once).await;
    }
    if once.answer().is_some() || !is_lasting(response.status()) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = match read_body(body, usize::MAX).await {
        Ok(body) => body,
        Err(error) => return ApiError::internal(error).into_response(),
    };
    let answer = WholeAnswer {
        status: parts.status.as_u16(),
        body: body.to_vec(),
    };
    match api.keep_answer(once, &answer).await {
        Ok(true) => {}
        Ok(false) => return answer_of_the_faster(api, once).await,
        // Who asks again is answered anew: that is no more than he gets without a key.
        Err(error) => tracing::warn!(%error, cause = ?error, "an answer could not be kept"),
    }
    if parts.status.is_success() {
        parts.extensions.insert(KeptLate);
    }
    Response::from_parts(parts, Body::from(body))
}

async fn answer_of_the_faster(api: &Api, once: &handclasp_app::Once) -> Response {
    match api.answer_of_the_faster(once).await {
        Ok(Begun::Again(kept)) => replayed(kept),
        Ok(Begun::Another) => another().into_response(),
        Ok(Begun::Running | Begun::First(_)) => running().into_response(),
        Err(error) => Failure::from(error).into_response(),
    }
}
