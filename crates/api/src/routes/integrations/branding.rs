//! `GET /integrations/{platformKey}/branding`, and `GET /integrations/{platformKey}/branding/{drawing}`, the pictures that it names

use axum::extract::State;
use handclasp_domain::PlatformKey;
use handclasp_web::error::ApiPath;
use http::{HeaderMap, StatusCode};

use super::{find, picture};
use crate::auth::MayRead;
use crate::doc::{Doc, Tag};
use crate::drawing::Drawing;
use crate::reply::{self, Answer, Part};
use crate::state::Api;
use crate::wire::Branding;

/// Tells where an integration's pictures are.
pub(crate) async fn get_branding(
    MayRead(_): MayRead,
    State(api): State<Api>,
    ApiPath(Part(key)): ApiPath<Part<PlatformKey>>,
) -> Answer {
    let body = Branding::of(&api, find(&api, key)?);
    reply::json(StatusCode::OK, &body)
}

/// Shows a picture, to anyone: platforms put it on their own pages.
pub(crate) async fn get_drawing(
    State(api): State<Api>,
    ApiPath((Part(key), Part(drawing))): ApiPath<(Part<PlatformKey>, Part<Drawing>)>,
    asked: HeaderMap,
) -> Answer {
    Ok(picture(&asked, drawing.of(find(&api, key)?)))
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new(
        "get-integrations-branding",
        Tag::Integrations,
        "Get an integration's branding",
    )
    .text("Pictures for a page of yours. This server serves them, to everybody.")
    .sdk("integrations.getBranding")
    .answers::<Branding>(200, "Where its pictures are.")
}

/// The documentation of the pictures.
pub(crate) fn drawing_doc() -> Doc {
    Doc::new(
        "get-integration-drawing",
        Tag::Integrations,
        "Get a picture of an integration",
    )
    .text("It needs no key, so that a page can show it.")
    .answers_file("image/svg+xml", "The picture.")
    .cached()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use crate::drawing::Drawing;
    use crate::tests::{Stage, refused};

    const PATH: &str = "/api/integrations/mqjo/branding";

    #[tokio::test]
    async fn the_whole_answer() {
        let stage = Stage::new().await;
        let answer = stage.api.get(PATH).await;
        assert_eq!(answer.status, 200);
        insta::assert_snapshot!(stage.shown(&answer.json), @r#"
        {
          "logo": {
            "full": {
              "image": {
                "src": "http://127.0.0.1:4000/api/integrations/mqjo/branding/logo-full.svg",
                "alt": "Sandbox"
              }
            },
            "square": {
              "image": {
                "src": "http://127.0.0.1:4000/api/integrations/mqjo/branding/logo-square.svg",
                "alt": "Sandbox"
              }
            }
          },
          "button": {
            "default": {
              "image": {
                "src": "http://127.0.0.1:4000/api/integrations/mqjo/branding/button.svg",
                "alt": "Connect to Sandbox"
              }
            },
            "hover": {
              "image": {
                "src": "http://127.0.0.1:4000/api/integrations/mqjo/branding/button-hover.svg",
                "alt": "Connect to Sandbox"
              }
            }
          },
          "sourceId": "3dc18454-52a8-4c4a-998b-0921ac46be8a"
        }
        "#);
        refused(&stage.api.get("/api/integrations/zzzz/branding").await, 404);
    }

    #[tokio::test]
    async fn its_pictures_are_there_for_anyone_and_can_do_nothing() {
        let stage = Stage::new().await;
        let branding = stage.api.get(PATH).await;
        let anyone = stage.api.without_key();
        for (place, drawing) in [
            ("/logo/full", Drawing::LogoFull),
            ("/logo/square", Drawing::LogoSquare),
            ("/button/default", Drawing::Button),
            ("/button/hover", Drawing::ButtonHover),
        ] {
            let src = branding.at(&format!("{place}/image/src"));
            let path = src.strip_prefix("http://127.0.0.1:4000").unwrap();
            let picture = anyone.get(path).await;
            assert_eq!(picture.status, 200, "{path}");
            assert_eq!(picture.header("content-type"), "image/svg+xml");
            assert_eq!(picture.header("x-content-type-options"), "nosniff");
            assert_eq!(picture.header("cache-control"), "public, max-age=86400");
            let policy = picture.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none'") && policy.ends_with("sandbox"));
            let mark = stage.test.app.catalogue().get("mqjo".parse().unwrap());
            assert_eq!(picture.text(), drawing.of(mark.unwrap()));
            assert!(
                picture
                    .text()
                    .contains(branding.at(&format!("{place}/image/alt")))
            );

            let tag = picture.header("etag");
            for (shown, status) in [
                (tag.to_owned(), 304),
                (format!("W/{tag}"), 304),
                (format!("\"other\", {tag}"), 304),
                ("*".to_owned(), 304),
                ("\"other\"".to_owned(), 200),
            ] {
                let request = Request::get(path).header("if-none-match", &shown);
                let again = anyone.request(request.body(axum::body::Body::empty()).unwrap());
                let again = again.await;
                assert_eq!(
                    (again.status, again.header("etag")),
                    (status, tag),
                    "{shown}"
                );
                assert_eq!(again.body.is_empty(), status == 304);
            }
        }
        refused(&anyone.get(&format!("{PATH}/other.svg")).await, 404);
    }
}
