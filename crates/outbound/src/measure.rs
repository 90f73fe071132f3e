//! Metrics and log lines of requests.

use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;

use crate::error::OutboundError;

/// Counts a request once, however it ends: also when whoever asked went away.
pub(crate) struct Measured {
    purpose: &'static str,
    started: Instant,
    outcome: Option<&'static str>,
}

impl Measured {
    pub(crate) fn start(purpose: &'static str) -> Self {
        Self {
            purpose,
            started: Instant::now(),
            outcome: None,
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn answered(mut self, status: StatusCode) {
        self.outcome = Some(match status.as_u16() {
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            500..=599 => "5xx",
            _ => "other",
        });
    }

    pub(crate) fn failed(mut self, error: &OutboundError) {
        self.outcome = Some(error.label());
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        let outcome = self.outcome.unwrap_or("abandoned");
        metrics::counter!(
            "handclasp_outbound_requests_total",
            "purpose" => self.purpose,
            "outcome" => outcome
        )
        .increment(1);
        metrics::histogram!("handclasp_outbound_request_seconds", "purpose" => self.purpose)
            .record(self.started.elapsed().as_secs_f64());
    }
}
