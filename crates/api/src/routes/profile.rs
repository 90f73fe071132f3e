//! `GET /profile` and `PUT /profile`

use axum::extract::State;
use handclasp_web::error::ApiJson;
use http::StatusCode;
use serde_json::json;

use crate::auth::{MayRead, MayWrite};
use crate::doc::{Doc, Tag};
use crate::reply::{self, Answer, Object};
use crate::state::Api;
use crate::wire::{Profile, UpdateProfile};

/// Tells the client's profile.
pub(crate) async fn get_profile(MayRead(client): MayRead, State(api): State<Api>) -> Answer {
    let client = api.client(client).await?;
    reply::json(StatusCode::OK, &Profile::from(&client))
}

/// Replaces the client's profile.
pub(crate) async fn update_profile(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiJson(Object(update)): ApiJson<Object<UpdateProfile>>,
) -> Answer {
    let client = api.change_profile(&caller, update.parse()?).await?;
    reply::json(StatusCode::OK, &Profile::from(&client))
}

/// The documentation of `GET`.
pub(crate) fn get_doc() -> Doc {
    Doc::new("get-profile", Tag::Settings, "Get the profile")
        .sdk("settings.getProfile")
        .answers::<Profile<'_>>(200, "The profile.")
}

/// The documentation of `PUT`.
pub(crate) fn update_doc() -> Doc {
    let example = json!({
        "name": "Lender Ltd",
        "redirectUrl": "https://app.example.com/done?company={companyId}",
        "whiteListUrls": ["https://app.example.com"],
    });
    Doc::new("update-profile", Tag::Settings, "Replace the profile")
        .text("What is left out is emptied.")
        .sdk("settings.updateProfile")
        .body::<UpdateProfile>(example)
        .answers::<Profile<'_>>(200, "The profile as it is now.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tests::{Stage, field};

    const PATH: &str = "/api/profile";

    #[tokio::test]
    async fn what_is_put_is_what_is_got() {
        let stage = Stage::new().await;
        let before = stage.api.get(PATH).await;
        insta::assert_snapshot!(stage.shown(&before.json), @r#"
        {
          "name": "Lender Ltd",
          "redirectUrl": "",
          "whiteListUrls": [],
          "confirmCompanyName": false
        }
        "#);

        let profile = json!({
            "name": "  Kreditbank Süd ",
            "redirectUrl": "https://www.example.com/{companyId}/done?status={statusCode}",
            "whiteListUrls": ["https://www.example.com", "https://de.example.com"],
            "logoUrl": "https://STATIC.example.com:443/logo.png",
            "iconUrl": "https://static.example.com/icon.ico",
            "confirmCompanyName": true,
        });
        let put = stage.api.put(PATH, profile).await;
        assert_eq!(put.status, 200);
        insta::assert_snapshot!(stage.shown(&put.json), @r#"
        {
          "name": "Kreditbank Süd",
          "redirectUrl": "https://www.example.com/{companyId}/done?status={statusCode}",
          "whiteListUrls": [
            "https://www.example.com",
            "https://de.example.com"
          ],
          "logoUrl": "https://static.example.com/logo.png",
          "iconUrl": "https://static.example.com/icon.ico",
          "confirmCompanyName": true
        }
        "#);
        assert_eq!(stage.api.get(PATH).await.json, put.json);
        let audit = stage.test.audit(&stage.client).await;
        assert!(audit.iter().any(|entry| entry.action == "profile.update"));

        let cleared = stage
            .api
            .put(PATH, json!({ "name": "x", "redirectUrl": "" }))
            .await;
        let expected = json!({ "name": "x", "redirectUrl": "", "whiteListUrls": [], "confirmCompanyName": false });
        assert_eq!(cleared.json, expected, "what is absent is cleared");
    }

    #[tokio::test]
    async fn names_may_be_in_any_script() {
        let stage = Stage::new().await;
        for name in ["بنك النور", "株式会社例", "x", &"é".repeat(255)] {
            let profile = json!({ "name": name, "redirectUrl": "" });
            let answer = stage.api.put(PATH, profile).await;
            assert_eq!((answer.status, answer.at("/name")), (200, name));
        }
    }

    #[tokio::test]
    async fn one_client_changes_nothing_of_another() {
        let stage = Stage::new().await;
        let stranger = stage.stranger().await;
        let profile = json!({ "name": "Another", "redirectUrl": "https://example.org/" });
        assert_eq!(stranger.put(PATH, profile).await.status, 200);
        assert_eq!(stage.api.get(PATH).await.at("/name"), "Lender Ltd");
    }

    #[tokio::test]
    async fn what_can_not_be_in_a_profile_is_named() {
        let stage = Stage::new().await;
        let good = json!({ "name": "x", "redirectUrl": "", "whiteListUrls": [] });
        let many = vec!["https://example.com"; 101];
        for (name, wrong, named) in [
            ("name", json!(""), "name"),
            ("name", json!("x".repeat(256)), "name"),
            ("name", json!("a\u{7}b"), "name"),
            ("name", json!("a\u{2028}b"), "name"),
            // Each of these becomes three characters.
            (
                "logoUrl",
                json!(format!("https://example.com/{}", "é".repeat(500))),
                "logoUrl",
            ),
            ("redirectUrl", json!("javascript:alert(1)"), "redirectUrl"),
            (
                "redirectUrl",
                json!("https://{companyId}.example.com/"),
                "redirectUrl",
            ),
            (
                "redirectUrl",
                json!("https://user:password@example.com/"),
                "redirectUrl",
            ),
            ("redirectUrl", json!("/done"), "redirectUrl"),
            (
                "whiteListUrls",
                json!(["https://example.com", "nonsense"]),
                "whiteListUrls[1]",
            ),
            ("whiteListUrls", json!(many), "whiteListUrls"),
            ("logoUrl", json!("http://example.com/logo.png"), "logoUrl"),
            ("logoUrl", json!("http://127.0.0.1/logo.png"), "logoUrl"),
            ("logoUrl", json!("https://10.0.0.1/logo.png"), "logoUrl"),
            ("logoUrl", json!("https://user@example.com/"), "logoUrl"),
            ("logoUrl", json!("data:image/png;base64,AAAA"), "logoUrl"),
            ("logoUrl", json!("/logo.png"), "logoUrl"),
            ("iconUrl", json!("javascript:alert(1)"), "iconUrl"),
            ("iconUrl", json!("https://example.com/a b"), "iconUrl"),
            ("alertAuthHeader", json!("Bearer ü"), "alertAuthHeader"),
            ("alertAuthHeader", json!(" Bearer x"), "alertAuthHeader"),
            (
                "alertAuthHeader",
                json!("Bearer x\r\nx-other: y"),
                "alertAuthHeader",
            ),
            (
                "alertAuthHeader",
                json!("x".repeat(2_049)),
                "alertAuthHeader",
            ),
            ("apiKey", json!("hck_anything"), "apiKey"),
        ] {
            let mut profile = good.clone();
            profile[name] = wrong;
            let answer = stage.api.put(PATH, profile).await;
            assert_eq!(field(&answer), named, "{}", answer.text());
        }
        assert_eq!(stage.api.get(PATH).await.at("/name"), "Lender Ltd");
    }

    #[tokio::test]
    async fn what_asks_for_nothing_is_taken() {
        let stage = Stage::new().await;
        for name in ["logoUrl", "iconUrl", "alertAuthHeader", "apiKey"] {
            for nothing in [json!(null), json!("")] {
                let mut profile = json!({ "name": "x", "redirectUrl": "" });
                profile[name] = nothing;
                let answer = stage.api.put(PATH, profile).await;
                assert_eq!((answer.status, answer.json.get(name)), (200, None));
            }
        }
    }

    #[tokio::test]
    async fn the_secret_is_sealed_told_to_nobody_and_lost_only_where_that_is_asked() {
        const SECRET: &str = "Bearer 0123456789";
        let stage = Stage::new().await;
        let app = &stage.test.app;
        let held = async || {
            let client = app.client(stage.client.id()).await.unwrap();
            let sealed = client.alert_auth_header.clone();
            assert!(!format!("{client:?}").contains(SECRET));
            let sealed = sealed.unwrap_or_default();
            assert!(!sealed.windows(10).any(|part| part == b"0123456789"));
            let open = app.open_alert_auth_header(&client).unwrap();
            open.map(|secret| secret.expose().clone())
        };
        assert_eq!(held().await, None);
        let mut profile = json!({ "name": "x", "redirectUrl": "", "alertAuthHeader": SECRET });
        let put = stage.api.put(PATH, profile.clone()).await;
        assert_eq!(put.status, 200);
        let got = stage.api.get(PATH).await;
        for answer in [&put, &got] {
            assert!(!answer.text().contains("0123456789"), "{}", answer.text());
        }
        assert_eq!(held().await.as_deref(), Some(SECRET));
        let audit = format!("{:?}", stage.test.audit(&stage.client).await);
        assert!(!audit.contains("0123456789"));

        // Whoever puts back what was got loses nothing.
        assert_eq!(stage.api.put(PATH, got.json).await.status, 200);
        assert_eq!(held().await.as_deref(), Some(SECRET));

        // It opens at its own client only.
        let mut moved = app.client(stage.client.id()).await.unwrap();
        moved.id = stage.test.client().await.id();
        assert!(app.open_alert_auth_header(&moved).is_err());

        profile["alertAuthHeader"] = json!("");
        assert_eq!(stage.api.put(PATH, profile).await.status, 200);
        assert_eq!(held().await, None);
    }
}
