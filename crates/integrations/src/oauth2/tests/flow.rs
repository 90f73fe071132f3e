//! Every declaration goes through a whole life against a third party shaped by it: authorize, callback, exchange,
//! identify, refresh, revoke.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::fake::{Fake, Reply, Seen};
use super::*;

const CALLBACK: &str = "https://hub.example/callback/abc/key";

/// What the third party keeps.
#[derive(Default)]
struct Memory {
    /// Code to challenge.
    codes: BTreeMap<String, Option<String>>,
    access: BTreeSet<String>,
    refresh: BTreeSet<String>,
    issued: u32,
}

/// A third party that is as strict as its declaration lets it be.
struct Provider {
    declaration: Arc<OAuth2Code>,
    memory: Mutex<Memory>,
}

impl Provider {
    /// Its sign-in page: the person agrees at once. Gives the query that the person comes back with.
    fn sign_in(&self, address: &Url) -> Vec<(String, String)> {
        let query: BTreeMap<_, _> = address.query_pairs().into_owned().collect();
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["client_id"], "id:of/us");
        assert_eq!(query["redirect_uri"], CALLBACK);
        let separator = self.declaration.scope_separator.as_char();
        let asked: Vec<_> = query["scope"].split(separator).collect();
        assert_eq!(asked, self.declaration.scopes);
        for (name, value) in &self.declaration.authorize_parameters {
            assert_eq!(query[name], *value);
        }
        let challenge = query.get("code_challenge").cloned();
        match self.declaration.pkce {
            Pkce::S256 => assert_eq!(query["code_challenge_method"], "S256"),
            Pkce::Unsupported => assert_eq!(challenge, None),
        }
        self.memory
            .lock()
            .unwrap()
            .codes
            .insert("c0de".to_owned(), challenge);

        let mut back = vec![
            ("code".to_owned(), "c0de".to_owned()),
            ("state".to_owned(), query["state"].clone()),
        ];
        if let Some(issuer) = self
            .declaration
            .issuer
            .as_ref()
            .filter(|issuer| issuer.in_callback)
        {
            back.push(("iss".to_owned(), issuer.as_str().to_owned()));
        }
        for name in &self.declaration.callback_values {
            back.push((name.clone(), format!("value of {name}")));
        }
        back
    }

    fn answer(&self, request: &Seen) -> Reply {
        let declaration = &self.declaration;
        let is = |endpoint: &crate::Endpoint| endpoint.url().path() == request.path;
        if is(&declaration.token_endpoint) {
            self.is_us(request);
            return self.token(request);
        }
        if declaration.revocation_endpoint.as_ref().is_some_and(is) {
            self.is_us(request);
            let token = request.field("token").unwrap();
            let mut memory = self.memory.lock().unwrap();
            match request.field("token_type_hint").unwrap() {
                "access_token" => memory.access.remove(token),
                _ => memory.refresh.remove(token),
            };
            return Reply::of(200, "text/plain", "");
        }
        match &declaration.identity {
            Some(Identity::Call { endpoint, id, name }) if is(endpoint) => {
                let token = request
                    .header("authorization")
                    .strip_prefix("Bearer ")
                    .unwrap();
                if !self.memory.lock().unwrap().access.contains(token) {
                    return Reply::json(401, &json!({"error": "invalid_token"}));
                }
                let mut body = Value::Null;
                put(&mut body, id, "party-1");
                put(&mut body, name, "Party One");
                Reply::json(200, &body)
            }
            _ => Reply::json(404, &json!({})),
        }
    }

    /// Our authentication, in the one declared way and in no other besides.
    fn is_us(&self, request: &Seen) {
        assert_eq!(request.method, "POST");
        assert_eq!(
            request.header("content-type"),
            "application/x-www-form-urlencoded"
        );
        assert_eq!(request.header("accept"), "application/json");
        match self.declaration.client_authentication {
            ClientAuthentication::Basic => {
                let sent = request
                    .header("authorization")
                    .strip_prefix("Basic ")
                    .unwrap();
                let sent = String::from_utf8(STANDARD.decode(sent).unwrap()).unwrap();
                let (id, secret) = sent.split_once(':').unwrap();
                let decode = |text: &str| {
                    let (decoded, _) = form_urlencoded::parse(text.as_bytes()).next().unwrap();
                    decoded.into_owned()
                };
                assert_eq!(
                    (decode(id).as_str(), decode(secret).as_str()),
                    ("id:of/us", SECRET)
                );
                assert_eq!(
                    (request.field("client_id"), request.field("client_secret")),
                    (None, None)
                );
            }
            ClientAuthentication::Post => {
                assert_eq!(request.header("authorization"), "");
                assert_eq!(request.field("client_id"), Some("id:of/us"));
                assert_eq!(request.field("client_secret"), Some(SECRET));
            }
        }
    }

    fn token(&self, request: &Seen) -> Reply {
        let refused = Reply::json(400, &json!({"error": "invalid_grant"}));
        let mut memory = self.memory.lock().unwrap();
        let mut give_refresh = self.declaration.refresh_tokens != RefreshTokens::None;
        match request.field("grant_type").unwrap() {
            "authorization_code" => {
                let Some(challenge) = memory.codes.remove(request.field("code").unwrap()) else {
                    return refused;
                };
                assert_eq!(request.field("redirect_uri"), Some(CALLBACK));
                let proof = request.field("code_verifier").map(|verifier| {
                    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
                });
                assert_eq!(proof, challenge);
            }
            "refresh_token" => {
                let token = request.field("refresh_token").unwrap();
                if !memory.refresh.contains(token) {
                    return refused;
                }
                if self.declaration.refresh_tokens == RefreshTokens::Rotate {
                    memory.refresh.remove(token);
                } else {
                    give_refresh = false;
                }
            }
            other => panic!("{other}"),
        }
        memory.issued += 1;
        let access = format!("access-{}", memory.issued);
        let mut body = json!({"access_token": access, "token_type": "Bearer", "expires_in": 1800});
        memory.access.insert(access);
        if give_refresh {
            let refresh = format!("refresh-{}", memory.issued);
            body["refresh_token"] = json!(refresh);
            memory.refresh.insert(refresh);
        }
        Reply::json(200, &body)
    }
}

/// Sets what a JSON pointer points at, with all that has to be around it.
fn put(target: &mut Value, pointer: &str, value: &str) {
    let mut place = target;
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        place = match part.parse::<usize>() {
            Ok(index) => {
                if !place.is_array() {
                    *place = json!([]);
                }
                let items = place.as_array_mut().unwrap();
                while items.len() <= index {
                    items.push(Value::Null);
                }
                &mut items[index]
            }
            Err(_) => &mut place[part.as_str()],
        };
    }
    *place = json!(value);
}

async fn live(declaration: &OAuth2Code) {
    let shelf = Arc::new(Mutex::new(None::<Arc<Provider>>));
    let open = Arc::clone(&shelf);
    let fake = Fake::start(move |request| {
        let provider = open.lock().unwrap().clone().unwrap();
        provider.answer(request)
    })
    .await;
    let declaration = Arc::new(declaration.moved_to(&fake.origin));
    let provider = Arc::new(Provider {
        declaration: Arc::clone(&declaration),
        memory: Mutex::default(),
    });
    *shelf.lock().unwrap() = Some(Arc::clone(&provider));
    let (client, outbound, verifier) = (client(Arc::clone(&declaration)), outbound(), verifier());
    let redirect_uri = url(CALLBACK);

    let address = client.authorization_url(&AuthorizationUrl {
        redirect_uri: &redirect_uri,
        state: "st4te",
        verifier: &verifier,
        nonce: None,
        scopes: &declaration.scopes,
    });
    let query = CallbackQuery::parse(provider.sign_in(&address)).unwrap();
    assert_eq!(query.state(), Some("st4te"));
    let Ok(back) = query.outcome(&declaration) else {
        panic!()
    };
    assert!(
        back.kept.keys().eq(&declaration
            .callback_values
            .iter()
            .cloned()
            .collect::<BTreeSet<_>>())
    );

    let exchange = CodeExchange {
        code: &back.code,
        redirect_uri: &redirect_uri,
        verifier: &verifier,
        scopes: &declaration.scopes,
    };
    let deadline = Deadline::start();
    let tokens = client
        .exchange(&outbound, deadline, &exchange)
        .await
        .unwrap();
    assert_eq!(
        tokens.scopes,
        GrantedScopes::Enough(declaration.scopes.clone())
    );
    let again = client.exchange(&outbound, deadline, &exchange).await;
    assert!(matches!(again, Err(ProviderFailure::GrantRefused { .. })));

    let party = client
        .identify(&outbound, deadline, tokens.token_type, &tokens.access_token)
        .await
        .unwrap();
    assert_eq!(party.is_some(), declaration.identity.is_some());
    if let Some(party) = party {
        assert_eq!(
            (party.id.as_str(), party.name.as_str()),
            ("party-1", "Party One")
        );
    }

    let mut newest = tokens.access_token;
    match (declaration.refresh_tokens, tokens.refresh_token) {
        (RefreshTokens::None, given) => {
            assert!(matches!(given, RefreshToken::NotGiven));
            let refused = client.refresh(&outbound, deadline, &secret("x"), &[]).await;
            assert!(matches!(refused, Err(RefreshFailure::NotOffered)));
        }
        (_, RefreshToken::NotGiven) => panic!("no refresh token"),
        (kind, RefreshToken::Given(mut refresh)) => {
            for _ in 0..2 {
                let fresh = client
                    .refresh(&outbound, deadline, &refresh, &declaration.scopes)
                    .await
                    .unwrap();
                assert_ne!(fresh.access_token.expose(), newest.expose());
                newest = fresh.access_token;
                match (kind, fresh.refresh_token) {
                    (RefreshTokens::Rotate, RefreshToken::Given(next)) => {
                        let spent = client.refresh(&outbound, deadline, &refresh, &[]).await;
                        assert!(matches!(
                            spent,
                            Err(RefreshFailure::Provider(
                                ProviderFailure::GrantRefused { .. }
                            ))
                        ));
                        refresh = next;
                    }
                    (RefreshTokens::Stay, RefreshToken::NotGiven) => {}
                    other => panic!("{other:?}"),
                }
            }
            let revoked = client
                .revoke(&outbound, deadline, &refresh, TokenKind::Refresh)
                .await
                .unwrap();
            if revoked == Revocation::Done {
                assert!(provider.memory.lock().unwrap().refresh.is_empty());
            }
        }
    }
    let revoked = client
        .revoke(&outbound, deadline, &newest, TokenKind::Access)
        .await
        .unwrap();
    assert_eq!(
        revoked == Revocation::Done,
        declaration.revocation_endpoint.is_some()
    );
    let left = provider
        .memory
        .lock()
        .unwrap()
        .access
        .contains(newest.expose());
    assert_eq!(left, declaration.revocation_endpoint.is_none());
}

#[tokio::test]
async fn every_declaration_of_the_catalogue_works() {
    let origins = Origins::new(&url("http://localhost:8080")).unwrap();
    for integration in Catalogue::embedded(&origins).unwrap().iter() {
        match &integration.auth {
            Auth::OAuth2Code(declaration) => live(declaration).await,
        }
    }
}

/// What no declaration of the catalogue has must work as well.
#[tokio::test]
async fn so_does_every_variation() {
    live(&declared(ACME)).await;
    let poor = ACME.split_once("[auth.oauth2_code.identity").unwrap().0;
    live(&declared(
        &poor
            .replace("\"stay\"", "\"none\"")
            .replace(
                "revocation_endpoint = \"https://acme.example/oauth/revoke\"\n",
                "",
            )
            .replace("issuer_in_callback = false", "issuer_in_callback = true"),
    ))
    .await;
    live(&declared(
        &ACME
            .replace("\"post\"", "\"basic\"")
            .replace("pkce = \"unsupported\"", "pkce = \"S256\"")
            .replace("\"comma\"", "\"space\""),
    ))
    .await;
}

/// The calls run in tasks of their own.
#[test]
fn calls_can_be_spawned() {
    fn is_send<T: Send>(_: &T) {}
    let client = client(declared(ACME));
    let outbound = outbound();
    let (token, deadline) = (secret("a"), Deadline::start());
    is_send(&client.refresh(&outbound, deadline, &token, &[]));
    is_send(&client.revoke(&outbound, deadline, &token, TokenKind::Access));
    is_send(&client.identify(&outbound, deadline, TokenType::Bearer, &token));
}
