//! What every route works with.

use std::ops::Deref;
use std::sync::Arc;

use handclasp_app::App;
use handclasp_domain::PlatformKey;
use handclasp_web::layers::Origin;

use crate::PREFIX;
use crate::drawing::Drawing;

/// The use cases, and the API's own address. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Api {
    app: App,
    base: Arc<str>,
}

impl Api {
    pub(crate) fn new(app: App, origin: &Origin) -> Self {
        let base = format!("{origin}{PREFIX}").into();
        Self { app, base }
    }

    /// Whether pages of this origin stand where the API does, so that nothing crosses over.
    pub(crate) fn is_at(&self, origin: &str) -> bool {
        self.base.strip_suffix(PREFIX) == Some(origin)
    }

    /// The address of an integration's logo.
    pub(crate) fn logo_url(&self, key: PlatformKey) -> String {
        format!("{}/integrations/{key}/logo.svg", self.base)
    }

    /// The address of a drawing of an integration's.
    pub(crate) fn drawing_url(&self, key: PlatformKey, drawing: Drawing) -> String {
        let file = drawing.as_str();
        format!("{}/integrations/{key}/branding/{file}", self.base)
    }
}

impl Deref for Api {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}
