//! Limits on requests: asked before anything else is done, and told on every answer.

use std::cell::RefCell;

use axum::extract::Request;
use handclasp_domain::{OverLimit, Standing, Timestamp};
use http::{HeaderMap, HeaderName, HeaderValue};

const LIMIT: HeaderName = HeaderName::from_static("x-rate-limit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-rate-limit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-rate-limit-reset");

/// Says of each request of a surface whether it is taken. It is asked before anything else is done, and so must be quick.
pub trait Gate: Send + Sync + 'static {
    /// How the caller stands, or that he is over a limit.
    fn enter(&self, request: &Request) -> Result<Standing, OverLimit>;
}

/// Tells how a caller stands.
pub(super) fn tell(headers: &mut HeaderMap, standing: Standing) {
    headers.insert(LIMIT, HeaderValue::from(standing.limit));
    headers.insert(REMAINING, HeaderValue::from(standing.remaining));
    if let Some(reset) = instant(standing.reset) {
        headers.insert(RESET, reset);
    }
}

thread_local! {
    /// The last instant that was told and its text: it is the same one for many answers.
    static TOLD: RefCell<Option<(i64, HeaderValue)>> = const { RefCell::new(None) };
}

/// An instant as text, rounded up to the whole second.
fn instant(at: Timestamp) -> Option<HeaderValue> {
    let seconds = at.as_micros().saturating_add(999_999).div_euclid(1_000_000);
    TOLD.with_borrow_mut(|told| {
        if let Some((second, text)) = told
            && *second == seconds
        {
            return Some(text.clone());
        }
        let text = HeaderValue::try_from(Timestamp::from_seconds(seconds).to_string()).ok()?;
        *told = Some((seconds, text.clone()));
        Some(text)
    })
}
