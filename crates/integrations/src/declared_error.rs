//! What refusals mean that are not in the words of RFC 6749.

use handclasp_outbound::Response;
use serde::Deserialize;
use serde_json::Value;

use crate::account::text;
use crate::pattern::Pattern;
use crate::provider::{ProviderError, ProviderFailure, ProviderText};

/// What an answer means, whatever its status is: known by a text in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredError {
    /// Where the text or number stands by which it is known (RFC 6901).
    pub at: String,
    /// What that has to look like.
    pub pattern: Pattern,
    /// What it means.
    pub means: ErrorMeaning,
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorMeaning {
    /// The code, the refresh token or what a person typed is not good any more, as `invalid_grant`.
    GrantRefused,
    /// The client id and secret are not good, as `invalid_client`.
    ClientRefused,
    /// It may work later.
    Unavailable,
    /// What was to be ended has ended before. Only for what ends access.
    EndedAlready,
}

/// What is declared of an answer, where anything is, and what the third party said.
pub(crate) fn find<'a>(
    declared: &'a [DeclaredError],
    answer: &Response,
) -> Option<(&'a DeclaredError, ProviderError)> {
    if declared.is_empty() {
        return None;
    }
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    declared.iter().find_map(|error| {
        let said = body.pointer(&error.at).and_then(text)?;
        let said = error.pattern.fits(&said).then_some(said)?;
        let said = ProviderError {
            code: ProviderText::new(&said),
            description: None,
        };
        Some((error, said))
    })
}

/// The failure that is declared of an answer, where one is.
pub(crate) fn failure(declared: &[DeclaredError], answer: &Response) -> Option<ProviderFailure> {
    let (found, error) = find(declared, answer)?;
    let status = answer.status.as_u16();
    Some(match found.means {
        ErrorMeaning::GrantRefused => ProviderFailure::GrantRefused { status, error },
        ErrorMeaning::ClientRefused => ProviderFailure::ClientRefused { status, error },
        ErrorMeaning::Unavailable => ProviderFailure::Unavailable {
            status,
            retry_after: None,
        },
        ErrorMeaning::EndedAlready => ProviderFailure::Refused { status, error },
    })
}
