//! How often an issuer is asked for its keys.

use super::*;

#[tokio::test]
async fn an_unknown_key_is_looked_for_once_a_minute() {
    let (old, new) = (
        Key::new("old", Algorithm::ES256),
        Key::new("new", Algorithm::ES256),
    );
    let mut issuer = Issuer::new(&[&old]).await;
    let good_for = |seconds: i64| with("exp", json!(NOW.as_seconds() + seconds));
    let (of_old, of_new) = (old.sign(&good_for(9_000)), new.sign(&good_for(9_000)));
    assert!(issuer.verify(&of_old).await.is_ok());
    for _ in 0..10 {
        let why = rejection(issuer.verify(&of_new).await);
        assert_eq!(why, Rejection::UnknownKey);
    }
    assert_eq!(issuer.asked(), 1, "it was asked just now");
    // The issuer has a second key from now on.
    *issuer.keys.lock().unwrap() = json!({"keys": [old.public(), new.public()]});
    issuer.now = NOW.plus(Duration::from_secs(59));
    assert!(issuer.verify(&of_new).await.is_err());
    issuer.now = NOW.plus(Duration::from_secs(60));
    assert!(issuer.verify(&of_new).await.is_ok());
    assert!(issuer.verify(&of_old).await.is_ok());
    assert_eq!(issuer.asked(), 2);
    // Names that nobody has, one after the other.
    issuer.now = NOW.plus(Duration::from_secs(120));
    for kid in ["a", "b", "c", "d"] {
        let forged = Key::new(kid, Algorithm::ES256).sign(&good_for(9_000));
        let why = rejection(issuer.verify(&forged).await);
        assert_eq!(why, Rejection::UnknownKey);
    }
    assert_eq!(issuer.asked(), 3);
    // The first key is taken away: after an hour it is believed no more.
    *issuer.keys.lock().unwrap() = json!({"keys": [new.public()]});
    issuer.now = NOW.plus(Duration::from_secs(120 + 3_599));
    assert!(issuer.verify(&of_old).await.is_ok());
    issuer.now = NOW.plus(Duration::from_secs(120 + 3_600));
    let why = rejection(issuer.verify(&of_old).await);
    assert_eq!(why, Rejection::UnknownKey);
    assert_eq!(issuer.asked(), 4);
}

#[tokio::test]
async fn whoever_comes_at_once_waits_for_one_answer() {
    let key = Key::new("one", Algorithm::ES256);
    let issuer = Arc::new(Issuer::new(&[&key]).await);
    let token = key.sign(&claims());
    let all: Vec<_> = (0..20)
        .map(|_| {
            let (issuer, token) = (Arc::clone(&issuer), token.clone());
            tokio::spawn(async move { issuer.verify(&token).await.is_ok() })
        })
        .collect();
    for one in all {
        assert!(one.await.unwrap());
    }
    assert_eq!(issuer.asked(), 1);
}

/// That an issuer is out of order for a moment costs nobody a minute.
#[tokio::test]
async fn a_failure_is_not_remembered() {
    let key = Key::new("one", Algorithm::ES256);
    let issuer = Issuer::new(&[&key]).await;
    let token = key.sign(&claims());
    let keys = std::mem::take(&mut *issuer.keys.lock().unwrap());
    let failed = issuer.verify(&token).await.unwrap_err();
    assert!(matches!(failed, IdTokenFailure::Provider(it) if it.is_transient()));
    *issuer.keys.lock().unwrap() = json!({"keys": "none"});
    assert!(issuer.verify(&token).await.is_err());
    *issuer.keys.lock().unwrap() = keys;
    assert!(issuer.verify(&token).await.is_ok());
}

#[tokio::test]
async fn keys_that_are_of_no_use_are_passed_over() {
    let (one, two) = (
        Key::new("one", Algorithm::ES256),
        Key::new("two", Algorithm::RS256),
    );
    let (third, fourth) = (
        Key::new("three", Algorithm::ES256),
        Key::new("four", Algorithm::ES256),
    );
    let mut for_encryption = third.public();
    for_encryption["use"] = json!("enc");
    let mut of_another_algorithm = fourth.public();
    of_another_algorithm["alg"] = json!("ES384");
    let issuer = Issuer::new(&[&one, &two]).await;
    let keys = json!({"keys": [
        {"kty": "oct", "kid": "secret", "k": "AAAA"},
        {"kty": "EC", "kid": "odd", "crv": "secp256k1", "x": "AA", "y": "AA"},
        {"kid": "none"}, 7, null,
        for_encryption, of_another_algorithm, one.public(), two.public(),
    ]});
    *issuer.keys.lock().unwrap() = keys;
    assert!(issuer.verify(&one.sign(&claims())).await.is_ok());
    assert!(issuer.verify(&two.sign(&claims())).await.is_ok());
    for key in [&third, &fourth] {
        let why = rejection(issuer.verify(&key.sign(&claims())).await);
        assert_eq!(why, Rejection::UnknownKey, "{}", key.kid);
    }
    // Without a name: of each kind there is one.
    let unnamed = |key: &Key| key.sign_as(&Header::new(key.algorithm), &claims());
    assert!(issuer.verify(&unnamed(&one)).await.is_ok());
    assert!(issuer.verify(&unnamed(&two)).await.is_ok());
    let issuer = Issuer::new(&[&one, &third]).await;
    let why = rejection(issuer.verify(&unnamed(&one)).await);
    assert_eq!(why, Rejection::UnknownKey, "either could be meant");
}
