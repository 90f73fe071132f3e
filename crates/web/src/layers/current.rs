//! What belongs to the request being answered, for the places that no parameter reaches.

use handclasp_domain::CorrelationId;

tokio::task_local! {
    /// The correlation id of the request that this task answers.
    pub(super) static CURRENT: CorrelationId;
}

/// The correlation id of the request that this task answers; none outside of one.
pub fn correlation() -> Option<CorrelationId> {
    CURRENT.try_with(|id| *id).ok()
}
