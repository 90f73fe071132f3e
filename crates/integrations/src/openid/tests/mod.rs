//! ID tokens true and forged.

mod cache;
mod keys;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_domain::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::*;
use crate::oauth2::GrantedScopes;
use crate::provider::Deadline;
use crate::tests::fake::{Fake, Reply};
use crate::tests::{ACME, NOW, With, client, declared, outbound_to, secret};
use crate::{Held, Values};
use keys::Key;

const NONCE: &str = "n-0S6_WzA2Mj";
const OPENID: &str = r#"
[auth.oauth2_code.openid]
jwks = "https://acme.example/keys"
algorithms = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
scopes = ["openid"]
"#;

/// An issuer, and a server of ours that believes it.
struct Issuer {
    fake: Fake,
    keys: Arc<Mutex<Value>>,
    userinfo: Arc<Mutex<Value>>,
    cache: JwksCache,
    client: Client,
    with: With,
    now: Timestamp,
}

impl Issuer {
    async fn new(keys: &[&Key]) -> Self {
        Self::declared(OPENID, keys).await
    }

    async fn declared(openid: &str, keys: &[&Key]) -> Self {
        let of_keys: Vec<Value> = keys.iter().map(|key| key.public()).collect();
        let keys = Arc::new(Mutex::new(json!({ "keys": of_keys })));
        let userinfo = Arc::new(Mutex::new(json!({})));
        let (served, told) = (Arc::clone(&keys), Arc::clone(&userinfo));
        let fake = Fake::start(move |request| match request.path.as_str() {
            "/keys" => {
                let keys = served.lock().unwrap().clone();
                if keys.is_null() {
                    Reply::of(503, "text/plain", "later")
                } else {
                    Reply::json(200, &keys)
                }
            }
            "/userinfo" => {
                assert_eq!(request.header("authorization"), "Bearer acc3ss-token");
                Reply::json(200, &*told.lock().unwrap())
            }
            other => panic!("{other}"),
        })
        .await;
        let with = With::new(outbound_to(&fake.origin, &["acme.example"]));
        Self {
            fake,
            keys,
            userinfo,
            cache: JwksCache::default(),
            client: client(declared(
                &ACME.replace("\n[account]", &format!("{openid}\n[account]")),
            )),
            with,
            now: NOW,
        }
    }

    async fn verify(&self, token: &str) -> Result<Claims, IdTokenFailure> {
        self.verify_for(token, NONCE).await
    }

    async fn verify_for(&self, token: &str, nonce: &str) -> Result<Claims, IdTokenFailure> {
        let granted = Granted {
            held: Held {
                access_token: "acc3ss-token".to_owned(),
                refresh_token: None,
                token_type: "Bearer".to_owned(),
                token_secret: None,
                values: Values::default(),
            },
            expires_in: None,
            refresh_expires_in: None,
            scopes: GrantedScopes::Enough(Vec::new()),
            id_token: Some(secret(token)),
        };
        let calls = Calls {
            now: self.now,
            ..self.with.calls(Deadline::start())
        };
        let verified = self
            .client
            .verify_id_token(&calls, &self.cache, &granted, nonce);
        verified.await
    }

    /// How often the keys were asked for.
    fn asked(&self) -> usize {
        let seen = self.fake.seen();
        seen.iter().filter(|one| one.path == "/keys").count()
    }
}

fn claims() -> Value {
    json!({
        "iss": "https://acme.example",
        "sub": "person-1",
        "aud": "id:of/us",
        "exp": NOW.as_seconds() + 300,
        "iat": NOW.as_seconds() - 5,
        "nonce": NONCE,
        "given_name": "Ada",
        "email": "ada@example.com",
        "email_verified": true,
        "updated_at": 1_700_000_000,
        "address": {"locality": "Leeds", "country": "GB"},
        "sid": "not a standard claim",
    })
}

/// The claims with one other, or without it.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    let members = claims.as_object_mut().unwrap();
    if value == json!("(missing)") {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
    claims
}

fn rejection(result: Result<Claims, IdTokenFailure>) -> Rejection {
    match result {
        Err(IdTokenFailure::Rejected(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn tokens_of_every_kind_of_key_are_believed() {
    for algorithm in [
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::EdDSA,
    ] {
        let key = Key::new("one", algorithm);
        let issuer = Issuer::new(&[&key]).await;
        let told = issuer.verify(&key.sign(&claims())).await.unwrap();
        let told: Vec<_> = told.iter().collect();
        assert_eq!(
            told,
            [
                ("address", r#"{"locality":"Leeds","country":"GB"}"#),
                ("email", "ada@example.com"),
                ("email_verified", "true"),
                ("given_name", "Ada"),
                ("updated_at", "1700000000"),
            ],
            "{algorithm:?}"
        );
        // By a key that has the same name, and is another.
        let forged = Key::new("one", algorithm).sign(&claims());
        let why = rejection(issuer.verify(&forged).await);
        assert_eq!(why, Rejection::Signature, "{algorithm:?}");
        assert_eq!(issuer.asked(), 1);
    }
}

#[tokio::test]
async fn what_is_not_signed_by_the_issuer_is_refused() {
    let key = Key::new("one", Algorithm::RS256);
    let other = Key::new("two", Algorithm::ES256);
    let issuer = Issuer::new(&[&key, &other]).await;
    let encode_part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let good = key.sign(&claims());
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts")
    };

    // No algorithm at all.
    for alg in ["none", "None", "NONE", ""] {
        let none = encode_part(&json!({"alg": alg, "kid": "one"}));
        for forged in [
            format!("{none}.{payload}."),
            format!("{none}.{payload}.{signature}"),
        ] {
            let why = rejection(issuer.verify(&forged).await);
            assert_eq!(why, Rejection::Malformed, "{alg}");
        }
    }
    // A shared secret, for which the public key is taken.
    let public = key.public();
    let modulus = public["n"].as_str().unwrap();
    for secret in [
        modulus.as_bytes().to_vec(),
        URL_SAFE_NO_PAD.decode(modulus).unwrap(),
        public.to_string().into_bytes(),
    ] {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some("one".to_owned());
        let forged = encode(&header, &claims(), &EncodingKey::from_secret(&secret)).unwrap();
        assert_eq!(
            rejection(issuer.verify(&forged).await),
            Rejection::Algorithm
        );
    }
    // Another's payload, or a broken signature.
    let changed = encode_part(&with("email", json!("eve@example.com")));
    let forged = format!("{header}.{changed}.{signature}");
    assert_eq!(
        rejection(issuer.verify(&forged).await),
        Rejection::Signature
    );
    let forged = format!("{header}.{payload}.");
    assert_eq!(
        rejection(issuer.verify(&forged).await),
        Rejection::Signature
    );
    // The key of another kind, by its name.
    let mut named = key.header();
    named.kid = Some("two".to_owned());
    let forged = key.sign_as(&named, &claims());
    assert_eq!(
        rejection(issuer.verify(&forged).await),
        Rejection::UnknownKey
    );
    // A key that the token brings along itself.
    let own = Key::new("mine", Algorithm::RS256);
    let mut brought = own.header();
    brought.jwk = serde_json::from_value(own.public()).ok();
    brought.jku = Some("https://evil.example/keys".to_owned());
    let forged = own.sign_as(&brought, &claims());
    assert_eq!(
        rejection(issuer.verify(&forged).await),
        Rejection::UnknownKey
    );
    brought.kid = Some("one".to_owned());
    let forged = own.sign_as(&brought, &claims());
    assert_eq!(
        rejection(issuer.verify(&forged).await),
        Rejection::Signature
    );
    // What is to be understood and is not.
    let mut critical = key.header();
    critical.crit = Some(vec!["exp".to_owned()]);
    let forged = key.sign_as(&critical, &claims());
    assert_eq!(
        rejection(issuer.verify(&forged).await),
        Rejection::Malformed
    );
    for nonsense in ["a", "a.b.c", "..", good.trim_end_matches('.'), &good[1..]] {
        if nonsense != good {
            assert!(issuer.verify(nonsense).await.is_err(), "{nonsense}");
        }
    }
    assert!(issuer.verify(&good).await.is_ok());
}

#[tokio::test]
async fn an_algorithm_that_is_not_declared_is_refused() {
    let key = Key::new("one", Algorithm::ES256);
    let only = OPENID.replace(
        "\"RS256\", \"RS384\", \"RS512\", \"PS256\", \"ES256\", ",
        "",
    );
    let issuer = Issuer::declared(&only, &[&key]).await;
    let why = rejection(issuer.verify(&key.sign(&claims())).await);
    assert_eq!(why, Rejection::Algorithm);
    assert_eq!(issuer.asked(), 0);
}

#[tokio::test]
async fn what_a_token_says_has_to_be_meant_for_us_and_now() {
    let key = Key::new("one", Algorithm::ES256);
    let issuer = Issuer::new(&[&key]).await;
    let now = NOW.as_seconds();
    let missing = || json!("(missing)");
    for (name, value, why) in [
        ("iss", missing(), Rejection::Issuer),
        ("iss", json!("https://acme.example/"), Rejection::Issuer),
        ("iss", json!("https://evil.example"), Rejection::Issuer),
        ("iss", json!(["https://acme.example"]), Rejection::Issuer),
        ("aud", missing(), Rejection::Audience),
        ("aud", json!("somebody else"), Rejection::Audience),
        ("aud", json!(["somebody else"]), Rejection::Audience),
        ("aud", json!([]), Rejection::Audience),
        ("aud", json!({"id:of/us": true}), Rejection::Audience),
        // Several, and nothing says that we are the one who asked.
        ("aud", json!(["id:of/us", "other"]), Rejection::Audience),
        ("azp", json!("other"), Rejection::Audience),
        ("azp", json!(null), Rejection::Audience),
        ("exp", missing(), Rejection::Expired),
        ("exp", json!(now - 60), Rejection::Expired),
        ("exp", json!(now - 3_600), Rejection::Expired),
        ("exp", json!("9999999999"), Rejection::Expired),
        ("exp", json!(1e300), Rejection::Expired),
        ("exp", json!(-1), Rejection::Expired),
        ("iat", missing(), Rejection::Future),
        ("iat", json!(now + 61), Rejection::Future),
        ("iat", json!(null), Rejection::Future),
        ("nbf", json!(now + 61), Rejection::Future),
        ("nonce", missing(), Rejection::Nonce),
        ("nonce", json!(""), Rejection::Nonce),
        ("nonce", json!("n-of-another-request"), Rejection::Nonce),
        (
            "at_hash",
            json!("AAAAAAAAAAAAAAAAAAAAAA"),
            Rejection::AccessToken,
        ),
        ("at_hash", json!(null), Rejection::AccessToken),
        ("sub", missing(), Rejection::Subject),
        ("sub", json!(""), Rejection::Subject),
        ("sub", json!(7), Rejection::Subject),
        ("sub", json!("x".repeat(256)), Rejection::Subject),
    ] {
        let token = key.sign(&with(name, value.clone()));
        let found = rejection(issuer.verify(&token).await);
        assert_eq!(found, why, "{name} {value}");
    }
    for (name, value) in [
        ("aud", json!(["id:of/us"])),
        ("azp", json!("id:of/us")),
        // Clocks differ by a minute at most.
        ("exp", json!(now - 59)),
        ("exp", json!(now as f64 + 10.5)),
        ("iat", json!(now + 60)),
        ("nbf", json!(now + 60)),
        (
            "at_hash",
            json!(half_hash("acc3ss-token", SigningAlgorithm::ES256)),
        ),
    ] {
        let token = key.sign(&with(name, value.clone()));
        let found = issuer.verify(&token).await;
        assert!(found.is_ok(), "{name} {value}: {found:?}");
    }
    let mut several = with("aud", json!(["other", "id:of/us"]));
    several["azp"] = json!("id:of/us");
    assert!(issuer.verify(&key.sign(&several)).await.is_ok());
    // Replayed: a token of one request for another one's nonce.
    let token = key.sign(&claims());
    let replayed = issuer.verify_for(&token, "n-of-this-request").await;
    assert_eq!(rejection(replayed), Rejection::Nonce);
    // A request without one believes none, not even an empty one.
    let token = key.sign(&with("nonce", json!("")));
    let found = issuer.verify_for(&token, "").await;
    assert_eq!(rejection(found), Rejection::Nonce);
}

/// OpenID Connect Core, appendix A.3, has an access token with its hash.
#[test]
fn the_hash_of_an_access_token_is_as_in_the_specification() {
    let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    let hash = half_hash(token, SigningAlgorithm::RS256);
    assert_eq!(hash, "77QmUPtjPfzWtF2AnpK9RQ");
    let lengths = [
        (SigningAlgorithm::ES384, 24),
        (SigningAlgorithm::EdDSA, 32),
        (SigningAlgorithm::RS512, 32),
    ];
    for (algorithm, bytes) in lengths {
        let hash = URL_SAFE_NO_PAD.decode(half_hash(token, algorithm)).unwrap();
        assert_eq!(hash.len(), bytes);
    }
}

#[tokio::test]
async fn userinfo_is_about_the_same_person_or_nobody() {
    let with_userinfo = format!("{OPENID}userinfo = \"https://acme.example/userinfo\"\n");
    let key = Key::new("one", Algorithm::EdDSA);
    let issuer = Issuer::declared(&with_userinfo, &[&key]).await;
    let token = key.sign(&claims());
    for other in [
        json!({"sub": "person-2", "name": "Eve"}),
        json!({"name": "Eve"}),
        json!({"sub": null}),
    ] {
        *issuer.userinfo.lock().unwrap() = other;
        assert_eq!(rejection(issuer.verify(&token).await), Rejection::Subject);
    }
    let long = "x".repeat(501);
    *issuer.userinfo.lock().unwrap() = json!({
        "sub": "person-1", "name": " Ada L ", "email": "other@example.com", "picture": long,
        "locale": "en\u{202e}", "website": "a\nb", "nickname": "", "gender": ["x"], "phone_number": null,
    });
    let told = issuer.verify(&token).await.unwrap();
    assert_eq!(told.get("name"), Some("Ada L"));
    // What is signed stands.
    assert_eq!(told.get("email"), Some("ada@example.com"));
    for nothing in [
        "picture",
        "locale",
        "website",
        "nickname",
        "gender",
        "phone_number",
        "sub",
    ] {
        assert_eq!(told.get(nothing), None, "{nothing}");
    }
    assert!(!format!("{told:?}").contains("Ada"));
}

#[tokio::test]
async fn without_a_token_or_a_declaration_there_is_nothing() {
    let key = Key::new("one", Algorithm::ES256);
    let mut issuer = Issuer::new(&[&key]).await;
    let token = key.sign(&claims());
    issuer.client = client(declared(ACME));
    let failed = issuer.verify(&token).await.unwrap_err();
    assert!(matches!(failed, IdTokenFailure::NotDeclared));
}
