//! Integrations.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod logo;

pub(crate) use get::get_integration;
pub(crate) use list::list_integrations;
pub(crate) use logo::get_logo;

use std::sync::Arc;

use handclasp_domain::PlatformKey;
use handclasp_integrations::Integration;
use handclasp_web::error::ApiError;

use crate::state::Api;

/// The list's path, under the server's address.
const PATH: &str = "/integrations";

fn find(api: &Api, key: PlatformKey) -> Result<&Arc<Integration>, ApiError> {
    let found = api.catalogue().get(key);
    found.ok_or_else(|| ApiError::not_found("There is no such integration."))
}
