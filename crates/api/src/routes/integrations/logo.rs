//! `GET /integrations/{platformKey}/logo.svg`

use axum::extract::State;
use axum::response::IntoResponse;
use handclasp_domain::PlatformKey;
use handclasp_web::error::ApiPath;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use super::find;
use crate::doc::{Doc, Tag};
use crate::reply::{Answer, Part};
use crate::state::Api;

/// An SVG document that is opened by itself could run scripts: nothing of it may.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// Shows an integration's logo, to anyone: platforms put it on their own pages.
pub(crate) async fn get_logo(
    State(api): State<Api>,
    ApiPath(Part(key)): ApiPath<Part<PlatformKey>>,
) -> Answer {
    let logo = find(&api, key)?.logo.clone();
    let headers = [
        (CONTENT_TYPE, "image/svg+xml"),
        (CACHE_CONTROL, "public, max-age=86400"),
        (CONTENT_SECURITY_POLICY, POLICY),
    ];
    Ok((headers, logo).into_response())
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
        assert_eq!(logo.header("content-security-policy"), super::POLICY);
    }
}
