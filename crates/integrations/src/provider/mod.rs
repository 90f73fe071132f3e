//! What all calls to third parties have in common: by when they have to be done, how an answer is read, and how they fail.

mod body;
mod failure;
mod judge;
mod text;

use std::time::{Duration, Instant};

use handclasp_domain::Secret;
use handclasp_outbound::{Outbound, OutboundError, Request, Response};
use http::HeaderValue;
use http::header::ACCEPT;

pub use body::Unintelligible;
pub(crate) use body::members;
pub use failure::ProviderFailure;
pub(crate) use judge::{judge, judge_value, unintelligible};
pub(crate) use text::is_invisible;
pub use text::{ProviderError, ProviderText};

/// No answer of these endpoints is nearly as large.
const ANSWER_MAX: usize = 256 * 1024;

/// Until when the calls of one piece of work must be done. One deadline goes through all of them, so that a code's exchange with
/// the identity call after it takes no longer than the exchange alone might.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// What one piece of work may take: 30 seconds.
    pub const TOTAL: Duration = Duration::from_secs(30);

    /// The usual deadline, from now.
    pub fn start() -> Self {
        Self::after(Self::TOTAL)
    }

    /// A deadline of its own kind, from now.
    pub fn after(time: Duration) -> Self {
        let now = Instant::now();
        Self(now.checked_add(time).unwrap_or(now))
    }

    pub(crate) fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// Sends a request whose answer is to be JSON.
pub(crate) async fn send(
    outbound: &Outbound,
    deadline: Deadline,
    mut request: Request,
) -> Result<Response, ProviderFailure> {
    request
        .headers
        .entry(ACCEPT)
        .or_insert(HeaderValue::from_static("application/json"));
    request.deadline = deadline.remaining();
    if request.deadline.is_zero() {
        // A kept connection could still carry it, and nobody would wait for the answer.
        return Err(OutboundError::Timeout { sent: false }.into());
    }
    request.max_body = ANSWER_MAX;
    Ok(outbound.send(request).await?)
}

/// A header that shows in no log.
///
/// # Errors
/// [`ProviderFailure::Forbidden`] where the value has what no header can carry.
pub(crate) fn sensitive(value: &Secret<String>) -> Result<HeaderValue, ProviderFailure> {
    let mut header = HeaderValue::from_str(value.expose())
        .map_err(|_| ProviderFailure::Forbidden(OutboundError::Unsendable))?;
    header.set_sensitive(true);
    Ok(header)
}
