//! `GET /integrations/{platformKey}/logo.svg`

use axum::extract::State;
use handclasp_domain::PlatformKey;
use handclasp_web::error::ApiPath;
use http::HeaderMap;

use super::{find, picture};
use crate::doc::{Doc, Tag};
use crate::reply::{Answer, Part};
use crate::state::Api;

/// Shows an integration's logo, to anyone: platforms put it on their own pages.
pub(crate) async fn get_logo(
    State(api): State<Api>,
    ApiPath(Part(key)): ApiPath<Part<PlatformKey>>,
    asked: HeaderMap,
) -> Answer {
    Ok(picture(&asked, find(&api, key)?.logo.clone()))
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new(
        "get-integration-logo",
        Tag::Integrations,
        "Get an integration's logo",
    )
    .text("It needs no key, so that a page can show it.")
    .answers_file("image/svg+xml", "The logo.")
    .cached()
}

#[cfg(test)]
mod tests {
    use crate::tests::Stage;

    #[tokio::test]
    async fn a_logo_is_shown_to_anyone_and_can_do_nothing() {
        let stage = Stage::new().await;
        let integration = stage.api.get("/api/integrations/mqjo").await;
        let path = integration
            .at("/logoUrl")
            .strip_prefix("http://127.0.0.1:4000");
        let logo = stage.api.without_key().get(path.unwrap()).await;
        assert_eq!(logo.status, 200);
        assert!(logo.text().starts_with("<svg "));
        assert_eq!(logo.header("content-type"), "image/svg+xml");
        assert_eq!(logo.header("cache-control"), "public, max-age=86400");
        assert_eq!(logo.header("x-content-type-options"), "nosniff");
        assert_eq!(logo.header("content-security-policy"), super::super::POLICY);
    }
}
