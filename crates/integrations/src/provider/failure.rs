//! How a call to a third party fails.

use std::time::Duration;

use handclasp_domain::FailureKind;
use handclasp_outbound::OutboundError;

use super::body::Unintelligible;
use super::text::ProviderError;
use crate::template::Unfilled;

/// Why a call to a third party did not bring what it was for. Its text is ours alone and for the log; what the
/// third party said stands apart in a [`ProviderError`], and what a person may be told is [`ProviderFailure::kind`].
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProviderFailure {
    /// The code or the refresh token is not, or no longer, good: `invalid_grant`. For a refresh it means that the
    /// connection has ended there, once the stored token has been read again and is still the same.
    #[error("the third party does not take the code or token any more ({status})")]
    GrantRefused {
        /// The answer's HTTP status.
        status: u16,
        /// What it said.
        error: ProviderError,
    },
    /// The registration is not good: `invalid_client` or `unauthorized_client`. The client's staff must look
    /// at the id and secret.
    #[error("the third party does not take the client id and secret ({status})")]
    ClientRefused {
        /// The answer's HTTP status.
        status: u16,
        /// What it said.
        error: ProviderError,
    },
    /// Refused for another reason.
    #[error("the third party refused the request ({status})")]
    Refused {
        /// The answer's HTTP status.
        status: u16,
        /// What it said.
        error: ProviderError,
    },
    /// It is out of order or asks us to slow down: 408, 425, 429 or 5xx, whatever the body says.
    #[error("the third party is unavailable ({status})")]
    Unavailable {
        /// The answer's HTTP status.
        status: u16,
        /// How long it asks us to wait (`Retry-After` in seconds), at most an hour.
        retry_after: Option<Duration>,
    },
    /// There was no whole answer: it could not be reached, broke off, or took too long.
    #[error("the third party cannot be reached: {0}")]
    Unreachable(OutboundError),
    /// The request was not sent because our own rules forbid it, as for an address in a private network. The
    /// operator must look at it.
    #[error("the request was not allowed to be sent: {0}")]
    Forbidden(OutboundError),
    /// The request could not be made, for want of a value or because of one that does not fit: the person gave it, or the third
    /// party did.
    #[error("the request cannot be made: {0}")]
    Unfilled(#[from] Unfilled),
    /// There was an answer that nobody can understand.
    #[error("the third party's answer cannot be understood: {why}")]
    Unintelligible {
        /// The answer's HTTP status; none where it was no HTTP.
        status: Option<u16>,
        /// What is wrong with it.
        why: Unintelligible,
    },
}

impl ProviderFailure {
    /// Whether the same may work later with nothing changed. What ends a connection is not the opposite of that: only
    /// [`ProviderFailure::GrantRefused`] does.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::Unreachable(_) => true,
            // An answer that makes no sense is mostly a proxy's or a maintenance page.
            Self::Unintelligible { .. } => true,
            Self::GrantRefused { .. }
            | Self::ClientRefused { .. }
            | Self::Refused { .. }
            | Self::Forbidden(_)
            | Self::Unfilled(_) => false,
        }
    }

    /// What the person may be told.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Unavailable { .. } | Self::Unreachable(_) | Self::Forbidden(_) => {
                FailureKind::Unreachable
            }
            Self::GrantRefused { .. }
            | Self::ClientRefused { .. }
            | Self::Refused { .. }
            | Self::Unfilled(_)
            | Self::Unintelligible { .. } => FailureKind::ThirdParty,
        }
    }

    /// For a connection's `statusCode`: the status that the third party answered with. Where it gave none, that of a
    /// gateway in our place: 504 when it took too long, else 502.
    pub fn status_code(&self) -> u16 {
        match self {
            Self::GrantRefused { status, .. }
            | Self::ClientRefused { status, .. }
            | Self::Refused { status, .. }
            | Self::Unavailable { status, .. } => *status,
            Self::Unintelligible { status, .. } => status.unwrap_or(502),
            Self::Unreachable(OutboundError::Timeout { .. }) => 504,
            Self::Unreachable(_) | Self::Forbidden(_) | Self::Unfilled(_) => 502,
        }
    }

    /// For a connection's `statusText`: what the third party said; empty where it said nothing.
    pub fn status_text(&self) -> &str {
        self.error().map_or("", ProviderError::status_text)
    }

    /// The same with none of these in what the third party said.
    #[must_use]
    pub(crate) fn without(mut self, secrets: &[&str]) -> Self {
        if let Self::GrantRefused { error, .. }
        | Self::ClientRefused { error, .. }
        | Self::Refused { error, .. } = &mut self
        {
            *error = std::mem::take(error).without(secrets);
        }
        self
    }

    /// What the third party said.
    pub fn error(&self) -> Option<&ProviderError> {
        match self {
            Self::GrantRefused { error, .. }
            | Self::ClientRefused { error, .. }
            | Self::Refused { error, .. } => Some(error),
            Self::Unavailable { .. }
            | Self::Unreachable(_)
            | Self::Forbidden(_)
            | Self::Unfilled(_)
            | Self::Unintelligible { .. } => None,
        }
    }
}

impl From<OutboundError> for ProviderFailure {
    fn from(error: OutboundError) -> Self {
        match error {
            OutboundError::RefusedAddress
            | OutboundError::BadUrl(_)
            | OutboundError::RequestBody
            | OutboundError::Unsendable => Self::Forbidden(error),
            OutboundError::TooLarge => Self::Unintelligible {
                status: None,
                why: Unintelligible::TooLarge,
            },
            OutboundError::Resolve(_)
            | OutboundError::Connect(_)
            | OutboundError::Tls(_)
            | OutboundError::Timeout { .. }
            | OutboundError::Reset { .. }
            | OutboundError::Protocol(_) => Self::Unreachable(error),
        }
    }
}
