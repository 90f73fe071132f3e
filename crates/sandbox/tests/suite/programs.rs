//! Programs that get it wrong, and what they can look up.

use http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{Method, Request, StatusCode};

use super::{
    CLIENT, ISSUER, OTHER, Place, as_strs, basic, encode, exchange_fields, form, secret_of,
};

#[tokio::test]
async fn a_client_proves_who_it_is() {
    let place = Place::new().await;
    let code = place.code().await;
    let fields = exchange_fields(&code);
    let refused = basic(CLIENT).replace("Basic ", "Basic A");
    for header in [
        refused,
        basic("nobody"),
        "Basic".into(),
        "Bearer x".into(),
        "Basic é".into(),
    ] {
        for address in ["/sandbox/token", "/sandbox/revoke"] {
            let request = form(Method::POST, address).header(AUTHORIZATION, header.as_bytes());
            let answer = place.send(request, encode(&as_strs(&fields))).await;
            assert_eq!(
                answer.error(),
                (401, "invalid_client".to_owned()),
                "{header}"
            );
            let challenge = answer.header(WWW_AUTHENTICATE);
            assert_eq!(challenge, "Basic realm=\"sandbox\", charset=\"UTF-8\"");
        }
    }
    let other = secret_of(OTHER);
    for credentials in [
        vec![],
        vec![("client_id", CLIENT)],
        vec![("client_secret", other.as_str())],
        vec![("client_id", CLIENT), ("client_secret", &other)],
        vec![("client_id", CLIENT), ("client_secret", "")],
        vec![("client_id", "nobody"), ("client_secret", &other)],
    ] {
        let mut all = as_strs(&fields);
        all.extend(credentials);
        let answer = place
            .send(form(Method::POST, "/sandbox/token"), encode(&all))
            .await;
        assert_eq!(
            answer.error(),
            (401, "invalid_client".to_owned()),
            "{all:?}"
        );
    }
    // None of this used the code up, and the form is as good a place as the header.
    let secret = secret_of(CLIENT);
    let mut all = as_strs(&fields);
    all.extend([("client_id", CLIENT), ("client_secret", &secret)]);
    let answer = place
        .send(form(Method::POST, "/sandbox/token"), encode(&all))
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

#[tokio::test]
async fn credentials_that_contradict_each_other_are_refused() {
    let place = Place::new().await;
    let secret = secret_of(CLIENT);
    for more in [("client_secret", secret.as_str()), ("client_id", OTHER)] {
        let answer = place
            .call("/sandbox/revoke", CLIENT, &[("token", "x"), more])
            .await;
        assert_eq!(
            answer.error(),
            (400, "invalid_request".to_owned()),
            "{}",
            more.0
        );
    }
    let twice = form(Method::POST, "/sandbox/revoke")
        .header(AUTHORIZATION, basic(CLIENT))
        .header(AUTHORIZATION, basic(CLIENT));
    let answer = place.send(twice, encode(&[("token", "x")])).await;
    assert_eq!(answer.error(), (400, "invalid_request".to_owned()));
    let named = [("token", "x"), ("client_id", CLIENT)];
    let answer = place.call("/sandbox/revoke", CLIENT, &named).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn a_request_for_tokens_is_whole() {
    let place = Place::new().await;
    let code = place.code().await;
    for name in ["grant_type", "code", "redirect_uri", "code_verifier"] {
        let mut without = exchange_fields(&code);
        without.retain(|(n, _)| *n != name);
        let mut empty = without.clone();
        empty.push((name, String::new()));
        let mut twice = exchange_fields(&code);
        twice.extend(
            exchange_fields(&code)
                .into_iter()
                .filter(|(n, _)| *n == name),
        );
        for fields in [without, empty, twice] {
            let answer = place
                .call("/sandbox/token", CLIENT, &as_strs(&fields))
                .await;
            assert_eq!(
                answer.error(),
                (400, "invalid_request".to_owned()),
                "{name}"
            );
        }
    }
    for (grant_type, error) in [
        ("password", "unsupported_grant_type"),
        ("client_credentials", "unsupported_grant_type"),
        ("refresh_token", "invalid_request"),
    ] {
        let answer = place
            .call("/sandbox/token", CLIENT, &[("grant_type", grant_type)])
            .await;
        assert_eq!(answer.error(), (400, error.to_owned()), "{grant_type}");
    }
    assert_eq!(place.exchange(&code).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_body_is_a_form_and_small() {
    let place = Place::new().await;
    for address in ["/sandbox/token", "/sandbox/revoke"] {
        for kind in [
            "application/json",
            "text/plain",
            "multipart/form-data; boundary=x",
        ] {
            let request = Request::post(address)
                .header(AUTHORIZATION, basic(CLIENT))
                .header(CONTENT_TYPE, kind);
            let answer = place.send(request, encode(&[("token", "x")])).await;
            assert_eq!(
                answer.error(),
                (400, "invalid_request".to_owned()),
                "{kind}"
            );
        }
        let large = "x".repeat(64 * 1024);
        let answer = place.call(address, CLIENT, &[("token", &large)]).await;
        assert_eq!(answer.error(), (400, "invalid_request".to_owned()));
    }
}

#[tokio::test]
async fn an_access_token_goes_in_the_header() {
    let place = Place::new().await;
    let (access, _) = place.tokens().await;
    let unnamed = [
        Request::get("/sandbox/userinfo"),
        Request::get(format!("/sandbox/userinfo?access_token={access}")),
        Request::get("/sandbox/userinfo").header(AUTHORIZATION, basic(CLIENT)),
        Request::get("/sandbox/userinfo").header(AUTHORIZATION, access.as_str()),
    ];
    for request in unnamed {
        let answer = place.send(request, String::new()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.header(WWW_AUTHENTICATE), "Bearer realm=\"sandbox\"");
    }
    for method in [Method::GET, Method::POST] {
        let request = Request::builder().method(method).uri("/sandbox/userinfo");
        let request = request.header(AUTHORIZATION, format!("bearer {access}"));
        assert_eq!(
            place.send(request, String::new()).await.status,
            StatusCode::OK
        );
    }
}

#[tokio::test]
async fn the_metadata_say_what_is_there() {
    let place = Place::new().await;
    let metadata = place
        .get("/sandbox/.well-known/openid-configuration")
        .await
        .json();
    let standard = place
        .get("/.well-known/oauth-authorization-server/sandbox")
        .await;
    assert_eq!(metadata, standard.json());
    assert_eq!(metadata["issuer"], ISSUER);
    assert_eq!(
        metadata["authorization_response_iss_parameter_supported"],
        true
    );
    assert_eq!(
        metadata["scopes_supported"],
        serde_json::json!([
            "openid",
            "profile",
            "email",
            "address",
            "phone",
            "accounting",
            "banking",
            "commerce",
            "offline_access"
        ])
    );
    assert_eq!(
        metadata["ui_locales_supported"],
        serde_json::json!(["de", "en"])
    );
    for (name, address) in metadata.as_object().unwrap() {
        if let Some(path) = address
            .as_str()
            .and_then(|a| a.strip_prefix("http://localhost:3000"))
            && name != "issuer"
        {
            let answer = place.get(path).await;
            assert_ne!(answer.status, StatusCode::NOT_FOUND, "{name}");
        }
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_which_is_right() {
    let place = Place::new().await;
    for (method, address, allowed) in [
        (Method::GET, "/sandbox/token", "POST"),
        (Method::DELETE, "/sandbox/revoke", "POST"),
        (Method::PUT, "/sandbox/userinfo", "GET,HEAD,POST"),
        (
            Method::POST,
            "/sandbox/.well-known/openid-configuration",
            "GET,HEAD",
        ),
        (Method::POST, "/sandbox/jwks", "GET,HEAD"),
    ] {
        let request = Request::builder().method(method).uri(address);
        let answer = place.send(request, String::new()).await;
        assert_eq!(
            answer.error(),
            (405, "invalid_request".to_owned()),
            "{address}"
        );
        assert_eq!(answer.header(ALLOW), allowed, "{address}");
    }
}

#[tokio::test]
async fn a_closed_database_is_our_fault_and_no_token() {
    let place = Place::new().await;
    let code = place.code().await;
    let (access, refresh) = place.tokens().await;
    place.store.close().await;
    for answer in [
        place.exchange(&code).await,
        place.refresh(&refresh).await,
        place.userinfo(&access).await,
        place
            .call("/sandbox/revoke", CLIENT, &[("token", &access)])
            .await,
    ] {
        assert!(answer.status.is_server_error(), "{}", answer.body);
        assert!(!answer.body.contains("access_token"));
    }
}
