//! CORS settings on the wire.

use handclasp_app::CORS_ORIGINS_MOST;
use handclasp_domain::FieldError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::doc::shape::{list, object, with};
use crate::doc::{Schemas, Shape};

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

impl Shape for CorsSettings {
    const NAME: &'static str = "CorsSettings";

    fn schema(_: &mut Schemas) -> Value {
        object("Which pages may call the API.")
            .must("allowedOrigins", origins())
            .schema()
    }
}

impl Shape for SetCorsSettings {
    const NAME: &'static str = "SetCorsSettings";

    fn schema(_: &mut Schemas) -> Value {
        object("What the CORS settings are replaced with.")
            .must("allowedOrigins", origins())
            .schema()
    }
}

fn origins() -> Value {
    let origin = json!({
        "type": "string",
        "description": "Scheme, host and at most a port.",
        "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://",
        "example": "https://app.example.com",
    });
    let most = json!({ "maxItems": CORS_ORIGINS_MOST });
    with(list("The pages' origins.", origin), most)
}
