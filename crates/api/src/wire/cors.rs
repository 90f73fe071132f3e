//! CORS settings on the wire.

use handclasp_domain::FieldError;
use serde::{Deserialize, Serialize};

/// The origins whose pages may call with a company's access token.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CorsSettings {
    pub(crate) allowed_origins: Vec<String>,
}

/// What they are replaced with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetCorsSettings {
    allowed_origins: Option<Vec<String>>,
}

impl SetCorsSettings {
    /// Checks that the list is there: without it nobody knows what was meant, and an empty one takes everything away.
    pub(crate) fn parse(self) -> Result<Vec<String>, FieldError> {
        self.allowed_origins
            .ok_or_else(|| super::missing("allowedOrigins"))
    }
}
