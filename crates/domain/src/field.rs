//! Errors of single fields.

/// A field of what somebody sent in does not hold what it must. The text is for that person: it says what to
/// change, and never repeats the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct FieldError {
    /// The field's name on the wire, with its path: `tags`, `eventTypes[2]`.
    pub field: String,
    /// What is wrong, as a clause: `must have 1 to 255 characters`.
    pub problem: String,
}

impl FieldError {
    /// An error of `field`.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            problem: problem.into(),
        }
    }
}
