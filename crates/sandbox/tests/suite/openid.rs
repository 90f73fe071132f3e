//! The sandbox as an OpenID provider, as a client meets it: from the discovery document to the ID token, which a library
//! checks with the keys that are found there.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_ambient::Clock as _;
use http::StatusCode;
use http::header::LOCATION;
use jsonwebtoken::jwk::{JwkSet, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value, json};

use super::{
    Answer, CLIENT, ISSUER, OTHER, Place, authorize, changed, encode, form, redirect_uri,
    tokens_of, usual, value, with,
};

const EVERYTHING: &str = "openid profile email accounting offline_access";
/// When every test begins.
const START: i64 = 1_800_000_000;

/// What a client reads at the issuer before anything else.
async fn discovery(place: &Place) -> Value {
    let path = ISSUER.strip_prefix("http://localhost:3000").unwrap();
    let address = format!("{path}/.well-known/openid-configuration");
    place.get(&address).await.json()
}

/// The keys that the discovery document points to.
async fn keys(place: &Place) -> JwkSet {
    let discovery = discovery(place).await;
    let address = discovery["jwks_uri"].as_str().unwrap();
    let address = address.strip_prefix("http://localhost:3000").unwrap();
    let answer = place.get(address).await;
    serde_json::from_value(answer.json()).unwrap()
}

/// Checks an ID token as a client does, and gives what it says. The times are looked at by the tests, as the library knows no clock but the
/// machine's.
async fn check(
    place: &Place,
    token: &str,
    client: &str,
) -> Result<Map<String, Value>, jsonwebtoken::errors::Error> {
    let discovery = discovery(place).await;
    let algorithms = &discovery["id_token_signing_alg_values_supported"];
    assert_eq!(algorithms, &json!(["ES256"]));
    let keys = keys(place).await;
    let header = decode_header(token)?;
    let key = keys.find(header.kid.as_deref().unwrap()).unwrap();
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_issuer(&[discovery["issuer"].as_str().unwrap()]);
    rules.set_audience(&[client]);
    rules.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    rules.validate_exp = false;
    decode(token, &DecodingKey::from_jwk(key)?, &rules).map(|data| data.claims)
}

fn id_token(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.json()["id_token"].as_str().unwrap().to_owned()
}

/// The left half of a token's SHA-256 (OpenID Connect Core 1.0, 3.1.3.6).
fn half_hash(token: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    URL_SAFE_NO_PAD.encode(&digest.as_ref()[..16])
}

/// The usual request for these scopes, and with these parameters besides.
fn asking<'a>(scope: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut request = with("scope", scope);
    request.extend(more);
    request
}

async fn sign_in(place: &Place, request: &[(&str, &str)]) -> Answer {
    let code = value(&place.allow(request).await, "code");
    place.exchange(&code).await
}

#[tokio::test]
async fn a_client_learns_by_an_id_token_who_signed_in() {
    let place = Place::new().await;
    let nonce = "n-0S6_WzA2Mj & \u{e9}";
    let back = place.allow(&asking(EVERYTHING, &[("nonce", nonce)])).await;
    place.wait(30);
    let answer = place.exchange(&value(&back, "code")).await;
    let (access, _) = tokens_of(&answer);
    let claims = check(&place, &id_token(&answer), CLIENT).await.unwrap();
    assert_eq!(
        Value::from(claims.clone()),
        json!({
            "iss": ISSUER,
            "aud": CLIENT,
            "exp": START + 30 + 3_600,
            "iat": START + 30,
            "auth_time": START,
            "nonce": nonce,
            "at_hash": half_hash(&access),
            "sub": "sam-taylor",
            "name": "Sam Taylor",
            "given_name": "Sam",
            "middle_name": "Robin",
            "family_name": "Taylor",
            "nickname": "Sam",
            "preferred_username": "sam.taylor",
            "profile": "https://sandbox.example/people/sam-taylor",
            "picture": "https://sandbox.example/people/sam-taylor.png",
            "website": "https://sandbox.example/",
            "gender": "female",
            "birthdate": "1984-05-17",
            "zoneinfo": "Europe/London",
            "locale": "en-GB",
            "updated_at": 1_767_225_600,
            "email": "sam.taylor@sandbox.example",
            "email_verified": true,
        })
    );
    let person = place.userinfo(&access).await.json();
    assert_eq!(person["sub"], claims["sub"]);
    assert_eq!(person["email"], claims["email"]);

    // Nothing is told that the discovery document does not name.
    let discovery = discovery(&place).await;
    let supported = discovery["claims_supported"].as_array().unwrap();
    let told = person.as_object().unwrap().keys().chain(claims.keys());
    for claim in told {
        assert!(supported.contains(&Value::from(claim.as_str())), "{claim}");
    }
}

#[tokio::test]
async fn scopes_say_what_is_told() {
    let place = Place::new().await;
    for (scope, expected) in [
        ("openid", vec!["sub"]),
        (
            "openid profile",
            vec![
                "sub",
                "name",
                "given_name",
                "middle_name",
                "family_name",
                "nickname",
                "preferred_username",
                "profile",
                "picture",
                "website",
                "gender",
                "birthdate",
                "zoneinfo",
                "locale",
                "updated_at",
            ],
        ),
        ("openid email", vec!["sub", "email", "email_verified"]),
        ("openid address", vec!["sub", "address"]),
        (
            "openid phone",
            vec!["sub", "phone_number", "phone_number_verified"],
        ),
    ] {
        let answer = sign_in(&place, &asking(scope, &[])).await;
        let json = answer.json();
        assert_eq!(json["scope"], scope);
        assert_eq!(json.get("refresh_token"), None);
        let access = json["access_token"].as_str().unwrap();
        let person = place.userinfo(access).await.json();
        let names: Vec<_> = person.as_object().unwrap().keys().collect();
        assert_eq!(names, expected, "{scope}");

        // Without a nonce in the request there is none in the token, and that is fine.
        let mut claims = check(&place, &id_token(&answer), CLIENT).await.unwrap();
        for name in ["iss", "aud", "exp", "iat", "auth_time", "at_hash"] {
            assert!(claims.remove(name).is_some(), "{name}");
        }
        assert_eq!(Value::from(claims), person);
    }
}

#[tokio::test]
async fn without_openid_there_is_no_id_token_and_its_parameters_are_unknown_ones() {
    let place = Place::new().await;
    let more = [("nonce", "n"), ("prompt", "none"), ("max_age", "soon")];
    for scope in ["accounting offline_access", "profile email offline_access"] {
        let answer = sign_in(&place, &asking(scope, &more)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.json().get("id_token"), None);
        let (_, refresh) = tokens_of(&answer);
        assert_eq!(place.refresh(&refresh).await.json().get("id_token"), None);
    }
}

#[tokio::test]
async fn a_renewal_brings_an_id_token_of_the_same_sign_in() {
    let place = Place::new().await;
    let answer = sign_in(&place, &asking(EVERYTHING, &[("nonce", "once")])).await;
    let first = check(&place, &id_token(&answer), CLIENT).await.unwrap();
    let (_, mut refresh) = tokens_of(&answer);
    for at in [100, 200] {
        place.wait(100);
        let answer = place.refresh(&refresh).await;
        let again = check(&place, &id_token(&answer), CLIENT).await.unwrap();
        for name in ["iss", "sub", "aud", "auth_time", "email"] {
            assert_eq!(first[name], again[name], "{name}");
        }
        assert_eq!(again["iat"], START + at);
        assert_eq!(again["exp"], START + at + 3_600);
        assert_eq!(again.get("nonce"), None);
        let (access, next) = tokens_of(&answer);
        assert_eq!(again["at_hash"], half_hash(&access));
        refresh = next;
    }
    // A renewal for less.
    let renewal = |scope: &'static str, refresh: String| {
        let place = &place;
        async move {
            let fields = [
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh.as_str()),
                ("scope", scope),
            ];
            place.call("/sandbox/token", CLIENT, &fields).await
        }
    };
    let answer = renewal("accounting", refresh).await;
    assert_eq!(answer.json().get("id_token"), None);
    let (_, refresh) = tokens_of(&answer);
    let answer = renewal("openid", refresh).await;
    let claims = check(&place, &id_token(&answer), CLIENT).await.unwrap();
    assert_eq!(claims.get("email"), None);
}

#[tokio::test]
async fn the_keys_are_public_and_named_by_their_thumbprint() {
    let place = Place::new().await;
    let set = place.get("/sandbox/jwks").await.json();
    let key = set["keys"][0].as_object().unwrap();
    let names: Vec<_> = key.keys().map(String::as_str).collect();
    // Above all no `d`.
    assert_eq!(names, ["kty", "use", "alg", "kid", "crv", "x", "y"]);
    assert_eq!(set["keys"].as_array().unwrap().len(), 1);
    let keys = keys(&place).await;
    let key = &keys.keys[0];
    assert_eq!(
        key.common.key_id,
        Some(key.thumbprint(ThumbprintHash::SHA256).unwrap())
    );
    let answer = sign_in(&place, &asking("openid", &[])).await;
    let header = decode_header(id_token(&answer)).unwrap();
    assert_eq!(header.alg, Algorithm::ES256);
    assert_eq!(header.kid, key.common.key_id);
}

#[tokio::test]
async fn an_id_token_is_good_for_its_client_as_it_was_signed() {
    let place = Place::new().await;
    let token = id_token(&sign_in(&place, &asking("openid", &[])).await);
    assert!(check(&place, &token, CLIENT).await.is_ok());
    assert!(check(&place, &token, OTHER).await.is_err());
    let payload = token.find('.').unwrap() + 20;
    for bad in [changed(&token, payload), changed(&token, token.len() - 20)] {
        assert!(check(&place, &bad, CLIENT).await.is_err(), "{bad}");
    }
    // Another sandbox has another key.
    let other = Place::new().await;
    let key = &keys(&other).await.keys[0];
    let header = decode_header(&token).unwrap();
    assert_ne!(header.kid, key.common.key_id);
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_audience(&[CLIENT]);
    rules.validate_exp = false;
    let key = DecodingKey::from_jwk(key).unwrap();
    assert!(decode::<Value>(&token, &key, &rules).is_err());
}

#[tokio::test]
async fn an_id_token_is_no_access_token_nor_the_other_way_round() {
    let place = Place::new().await;
    let answer = sign_in(&place, &asking(EVERYTHING, &[])).await;
    let (id, (access, _)) = (id_token(&answer), tokens_of(&answer));
    assert_eq!(
        place.userinfo(&id).await.error(),
        (401, "invalid_token".to_owned())
    );
    assert_eq!(
        place.refresh(&id).await.error(),
        (400, "invalid_grant".to_owned())
    );
    assert!(decode_header(&access).is_err());
}

#[tokio::test]
async fn what_openid_asks_for_is_heeded_or_refused() {
    let place = Place::new().await;
    let long = "n".repeat(513);
    for (name, wish, error) in [
        ("prompt", "none", "login_required"),
        ("prompt", "none login", "invalid_request"),
        ("prompt", "login none", "invalid_request"),
        ("prompt", "create", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("max_age", "soon", "invalid_request"),
        ("nonce", &long, "invalid_request"),
        ("request", "e30.e30.", "request_not_supported"),
        (
            "request_uri",
            "https://evil.example/",
            "request_uri_not_supported",
        ),
        ("registration", "{}", "registration_not_supported"),
    ] {
        let address = authorize(&asking("openid", &[(name, wish)]));
        for answer in [
            place.get(&address).await,
            place
                .press(
                    &address,
                    &[("organisation", "marigold-bakery"), ("outcome", "allow")],
                )
                .await,
        ] {
            let back: url::Url = answer.location().parse().unwrap();
            assert!(back.as_str().starts_with(&redirect_uri(CLIENT)), "{back}");
            assert_eq!(value(&back, "error"), error, "{name}={wish}");
            assert_eq!(value(&back, "state"), "the state & more");
            assert_eq!(value(&back, "iss"), ISSUER);
        }
    }
    for name in ["nonce", "prompt", "max_age", "request"] {
        let twice = asking("openid", &[(name, "1"), (name, "1")]);
        let answer = place.get(&authorize(&twice)).await;
        let back: url::Url = answer.location().parse().unwrap();
        assert_eq!(value(&back, "error"), "invalid_request", "{name}");
    }
}

#[tokio::test]
async fn every_wish_that_a_fresh_sign_in_meets_is_met() {
    let place = Place::new().await;
    let long = "n".repeat(512);
    for (name, wish) in [
        ("prompt", "login"),
        ("prompt", "consent select_account"),
        ("max_age", "0"),
        ("max_age", "99999999999999999999999999"),
        ("nonce", &long),
        ("display", "popup"),
        ("acr_values", "high"),
        ("login_hint", "somebody@example.com"),
        ("id_token_hint", "nonsense"),
    ] {
        place.wait(10);
        let back = place.allow(&asking("openid", &[(name, wish)])).await;
        let before = place.clock.now().as_seconds();
        place.wait(10);
        let answer = place.exchange(&value(&back, "code")).await;
        let claims = check(&place, &id_token(&answer), CLIENT).await.unwrap();
        assert_eq!(claims["auth_time"], before, "{name}={wish}");
    }
}

#[tokio::test]
async fn only_signed_tokens_of_the_code_flow_are_given() {
    let place = Place::new().await;
    let metadata = discovery(&place).await;
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
    assert_eq!(metadata["subject_types_supported"], json!(["public"]));
    assert_eq!(
        metadata["id_token_signing_alg_values_supported"],
        json!(["ES256"])
    );
    for (name, said) in [
        ("request_parameter_supported", false),
        ("request_uri_parameter_supported", false),
        ("claims_parameter_supported", false),
    ] {
        assert_eq!(metadata[name], said, "{name}");
    }
    for name in [
        "id_token_encryption_alg_values_supported",
        "userinfo_signing_alg_values_supported",
    ] {
        assert_eq!(metadata.get(name), None, "{name}");
    }
    for kind in ["id_token", "code id_token", "id_token token", "none"] {
        let mut request = asking("openid", &[("nonce", "n")]);
        request.retain(|(name, _)| *name != "response_type");
        request.push(("response_type", kind));
        let answer = place.get(&authorize(&request)).await;
        let back: url::Url = answer.location().parse().unwrap();
        assert_eq!(value(&back, "error"), "unsupported_response_type", "{kind}");
        assert!(!back.as_str().contains("id_token="));
    }
    // Nor does anything that a client sends turn the signature off.
    let wishes = [
        ("id_token_signed_response_alg", "none"),
        ("alg", "none"),
        ("nonce", "n"),
    ];
    let token = id_token(&sign_in(&place, &asking("openid", &wishes)).await);
    assert_eq!(token.split('.').filter(|part| !part.is_empty()).count(), 3);
    assert_eq!(decode_header(&token).unwrap().alg, Algorithm::ES256);
}

#[tokio::test]
async fn a_request_may_come_as_a_form_of_another_site() {
    let place = Place::new().await;
    let request = asking("openid", &[("nonce", "n & m")]);
    let post = form(http::Method::POST, "/sandbox/authorize")
        .header("sec-fetch-site", "cross-site")
        .header("origin", "https://platform.example");
    let answer = place.send(post, encode(&request)).await;
    let address = answer.location();
    assert_eq!(address, authorize(&request));
    let token = id_token(&sign_in(&place, &request).await);
    let claims = check(&place, &token, CLIENT).await.unwrap();
    assert_eq!(claims["nonce"], "n & m");

    // That is looking, too: to press the button for the person it is no way.
    let mut pressed = usual();
    pressed.extend([("organisation", "marigold-bakery"), ("outcome", "allow")]);
    let post =
        form(http::Method::POST, "/sandbox/authorize").header("sec-fetch-site", "cross-site");
    let answer = place.send(post, encode(&pressed)).await;
    let page = place.get(&answer.location()).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Allow access"));
    assert!(!page.headers.contains_key(LOCATION));
}
