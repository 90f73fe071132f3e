//! What belongs to the request being answered, for the places that no parameter reaches.

use std::cell::Cell;

use handclasp_domain::{CorrelationId, Standing};

tokio::task_local! {
    /// The request that this task answers.
    pub(super) static CURRENT: Current;
}

/// A request that is being answered.
pub(super) struct Current {
    correlation: CorrelationId,
    standing: Cell<Option<Standing>>,
}

impl Current {
    pub(super) const fn new(correlation: CorrelationId, standing: Option<Standing>) -> Self {
        Self {
            correlation,
            standing: Cell::new(standing),
        }
    }
}

/// The correlation id of the request that this task answers; none outside of one.
pub fn correlation() -> Option<CorrelationId> {
    CURRENT.try_with(|current| current.correlation).ok()
}

/// Says how the caller of the request that this task answers stands against his limits, which the answer then tells. The last word
/// counts. Outside of a request, and where the surface has no limits, nobody hears it.
pub fn stand(standing: Standing) {
    let _outside = CURRENT.try_with(|current| current.standing.set(Some(standing)));
}

/// What was said last.
pub(super) fn standing() -> Option<Standing> {
    CURRENT
        .try_with(|current| current.standing.get())
        .ok()
        .flatten()
}
