//! Fields of the contract that this version does nothing with.

use handclasp_web::error::{ApiError, FieldError};
use serde::Deserialize;
use serde_json::Value;

use crate::failure::Failure;

/// A field that is not built. It takes anything; what is absent, null or empty asks for nothing, and is what the answers show. Whoever
/// sends more would take a success for what it is not.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct NotBuilt(Value);

impl NotBuilt {
    /// A 501 that names the field, where something was asked for.
    pub(super) fn refuse(&self, name: &str) -> Result<(), Failure> {
        let asks = match &self.0 {
            Value::Null => false,
            Value::Bool(value) => *value,
            Value::Number(_) => true,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(members) => !members.is_empty(),
        };
        if !asks {
            return Ok(());
        }
        let message = format!("The field `{name}` is not built yet in this version.");
        let field = FieldError::new(name, message.clone(), "NotBuilt");
        Err(ApiError::not_implemented(message)
            .with_validation([field])
            .into())
    }
}
