//! `GET` and `POST /corsSettings`, and `/connectionManagement/corsSettings`, the older address of the same

use axum::extract::State;
use handclasp_web::error::ApiJson;
use http::StatusCode;
use serde_json::json;

use crate::auth::{MayRead, MayWrite};
use crate::doc::{Doc, Tag};
use crate::once::Reply;
use crate::reply::{self, Answer, Object};
use crate::state::Api;
use crate::wire::{CorsSettings, SetCorsSettings};

/// Tells the origins whose pages may call with a company's access token.
pub(crate) async fn get_cors_settings(MayRead(client): MayRead, State(api): State<Api>) -> Answer {
    let allowed_origins = api.cors_origins(client).await?;
    reply::json(StatusCode::OK, &CorsSettings { allowed_origins })
}

/// Replaces them.
pub(crate) async fn set_cors_settings(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiJson(Object(new)): ApiJson<Object<SetCorsSettings>>,
) -> Answer {
    let new = new.parse()?;
    let reply = Reply::new(&caller, &api, |_, origins: &Vec<String>| {
        let allowed_origins = origins.clone();
        reply::json(StatusCode::OK, &CorsSettings { allowed_origins })
    });
    reply.to(&api.change_cors_origins(&caller, &new).await?)
}

/// Its documentation.
pub(crate) fn get_doc() -> Doc {
    got("get-cors-settings", "Get the CORS settings", "settings.get")
}

/// Its documentation.
pub(crate) fn set_doc() -> Doc {
    set("set-cors-settings", "Set the CORS settings", "settings.set")
}

/// The older address's documentation.
pub(crate) fn old_get_doc() -> Doc {
    let id = "get-connection-management-cors-settings";
    got(id, "Get the CORS settings (older)", "cors.get")
}

/// The older address's documentation.
pub(crate) fn old_set_doc() -> Doc {
    let id = "set-connection-management-cors-settings";
    set(id, "Set the CORS settings (older)", "cors.set")
}

fn got(id: &'static str, summary: &'static str, sdk: &'static str) -> Doc {
    Doc::new(id, Tag::Settings, summary)
        .text("Which pages may call the API, with access tokens of companies.")
        .sdk(sdk)
        .answers::<CorsSettings>(200, "The settings.")
}

fn set(id: &'static str, summary: &'static str, sdk: &'static str) -> Doc {
    Doc::new(id, Tag::Settings, summary)
        .text("All of the origins are replaced.")
        .sdk(sdk)
        .body::<SetCorsSettings>(json!({ "allowedOrigins": ["https://app.example.com"] }))
        .answers::<CorsSettings>(200, "The settings.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tests::{Stage, field};

    const PATH: &str = "/api/corsSettings";
    const OLDER: &str = "/api/connectionManagement/corsSettings";

    #[tokio::test]
    async fn what_is_set_is_what_is_got_at_both_addresses() {
        let stage = Stage::new().await;
        let none = stage.api.get(PATH).await;
        assert_eq!(none.json, json!({ "allowedOrigins": [] }));
        let given = json!({ "allowedOrigins": [
            "https://www.example.com/", "http://localhost:3000", "HTTPS://www.example.com:443", "https://müller.example",
        ] });
        let kept = json!({ "allowedOrigins": [
            "https://www.example.com", "http://localhost:3000", "https://xn--mller-kva.example",
        ] });
        let set = stage.api.post(PATH, given).await;
        assert_eq!((set.status, &set.json), (200, &kept));
        for path in [PATH, OLDER] {
            assert_eq!(stage.api.get(path).await.json, kept, "{path}");
        }
        let other = json!({ "allowedOrigins": ["https://other.example"] });
        assert_eq!(stage.api.post(OLDER, other.clone()).await.json, other);
        assert_eq!(stage.api.get(PATH).await.json, other, "all is replaced");
        let empty = json!({ "allowedOrigins": [] });
        assert_eq!(stage.api.post(PATH, empty.clone()).await.json, empty);
        assert_eq!(stage.api.get(OLDER).await.json, empty);
        let audit = stage.test.audit(&stage.client).await;
        let entries = audit.iter().filter(|entry| entry.action == "cors.update");
        assert_eq!(entries.count(), 3);
    }

    #[tokio::test]
    async fn one_client_changes_nothing_of_another() {
        let stage = Stage::new().await;
        let stranger = stage.stranger().await;
        let one = json!({ "allowedOrigins": ["https://one.example", "https://both.example"] });
        let other = json!({ "allowedOrigins": ["https://both.example"] });
        assert_eq!(stage.api.post(PATH, one.clone()).await.status, 200);
        assert_eq!(stranger.post(PATH, other.clone()).await.status, 200);
        assert_eq!(stage.api.get(PATH).await.json, one);
        assert_eq!(stranger.get(PATH).await.json, other);
    }

    #[tokio::test]
    async fn of_several_at_once_one_is_kept_whole() {
        let stage = Stage::new().await;
        let lists: Vec<_> = (0..4)
            .map(|n| {
                let own = format!("https://{n}.example");
                json!({ "allowedOrigins": [own, "https://all.example"] })
            })
            .collect();
        let mut setting = tokio::task::JoinSet::new();
        for list in lists.clone() {
            let api = stage.api.clone();
            setting.spawn(async move { api.post(PATH, list).await.status });
        }
        assert_eq!(setting.join_all().await, [200; 4]);
        let kept = stage.api.get(PATH).await.json;
        assert!(lists.contains(&kept), "{kept}");
    }

    #[tokio::test]
    async fn what_is_no_origin_is_named() {
        let stage = Stage::new().await;
        let good = "https://www.example.com";
        for bad in [
            "",
            "*",
            "null",
            "www.example.com",
            "http://www.example.com",
            "https://*.example.com",
            "https://www.example.com/app",
            "https://www.example.com?",
            "https://user@www.example.com",
            "https://www.example.com, https://other.example",
            "https://www.example.com\r\nx: y",
            "javascript:alert(1)",
        ] {
            let answer = stage
                .api
                .post(PATH, json!({ "allowedOrigins": [good, bad] }))
                .await;
            assert_eq!(field(&answer), "allowedOrigins[1]", "{bad}");
        }
        let many: Vec<String> = (0..101).map(|n| format!("https://{n}.example")).collect();
        let answer = stage
            .api
            .post(PATH, json!({ "allowedOrigins": many }))
            .await;
        assert_eq!(field(&answer), "allowedOrigins");
        let full = json!({ "allowedOrigins": many[..100] });
        assert_eq!(stage.api.post(PATH, full.clone()).await.json, full);
        for absent in [json!({}), json!({ "allowedOrigins": null })] {
            assert_eq!(field(&stage.api.post(PATH, absent).await), "allowedOrigins");
        }
        assert_eq!(stage.api.get(PATH).await.json, full, "nothing was changed");
    }

    #[tokio::test]
    async fn the_older_address_says_so() {
        let stage = Stage::new().await;
        for answer in [
            stage.api.get(OLDER).await,
            stage.api.post(OLDER, json!({ "allowedOrigins": [] })).await,
            stage.api.post(OLDER, json!({})).await,
            stage.api.without_key().get(OLDER).await,
        ] {
            assert_eq!(answer.header("deprecation"), "@1795305600");
            let link = r#"<../corsSettings>; rel="successor-version""#;
            assert_eq!(answer.header("link"), link);
        }
        assert_eq!(stage.api.get(PATH).await.header("deprecation"), "");
    }
}
