//! What every route works with.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use handclasp_app::App;
use handclasp_domain::PlatformKey;
use handclasp_web::layers::Origin;

use crate::PREFIX;
use crate::drawing::Drawing;
use crate::routes::about::Kept;

/// The use cases, and the API's own address. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Api {
    app: App,
    own: Arc<Own>,
}

/// What the API knows of itself.
struct Own {
    base: String,
    openapi: OnceLock<Kept>,
    docs: OnceLock<Kept>,
}

impl Api {
    pub(crate) fn new(app: App, origin: &Origin) -> Self {
        let own = Own {
            base: format!("{origin}{PREFIX}"),
            openapi: OnceLock::new(),
            docs: OnceLock::new(),
        };
        Self {
            app,
            own: Arc::new(own),
        }
    }

    /// Whether pages of this origin stand where the API does, so that nothing crosses over.
    pub(crate) fn is_at(&self, origin: &str) -> bool {
        self.own.base.strip_suffix(PREFIX) == Some(origin)
    }

    /// The address of an integration's logo.
    pub(crate) fn logo_url(&self, key: PlatformKey) -> String {
        format!("{}/integrations/{key}/logo.svg", self.own.base)
    }

    /// The OpenAPI document, made by `make` for the API's address where it was not asked for yet.
    pub(crate) fn openapi(&self, make: impl FnOnce(&str) -> Kept) -> &Kept {
        self.own.openapi.get_or_init(|| make(&self.own.base))
    }

    /// The page of the documentation, made in the same way. What fails is not kept.
    pub(crate) fn docs<E>(&self, make: impl FnOnce(&str) -> Result<Kept, E>) -> Result<&Kept, E> {
        if let Some(kept) = self.own.docs.get() {
            return Ok(kept);
        }
        let made = make(&self.own.base)?;
        Ok(self.own.docs.get_or_init(|| made))
    }

    /// The address of a drawing of an integration's.
    pub(crate) fn drawing_url(&self, key: PlatformKey, drawing: Drawing) -> String {
        let file = drawing.as_str();
        format!("{}/integrations/{key}/branding/{file}", self.own.base)
    }
}

impl Deref for Api {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}
