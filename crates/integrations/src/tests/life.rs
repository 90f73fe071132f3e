//! Every declaration goes through a whole life against a third party shaped by it: authorize, callback, exchange, accounts, refresh,
//! revoke. What the third party sees on the wire is held against the declaration.

use std::time::Duration;

use super::*;
use crate::oauth2::{GrantedScopes, RefreshTokens, RevocationWay};
use crate::provider::ProviderFailure;
use crate::tests::fake::Fake;
use crate::tests::provider::{CALLBACK, Provider, person};
use crate::{Begin, CallbackQuery, RefreshFailure, Revocation};

async fn live(integration: &Arc<Integration>) {
    let provider = Arc::new(Provider::new(Arc::clone(integration)));
    let shaped = Arc::clone(&provider);
    let fake = Fake::start(move |request| shaped.answer(request)).await;
    let hosts = provider.hosts();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let with = With::new(outbound_to(&fake.origin, &hosts));
    let calls = with.calls(Deadline::start());
    let client = client(Arc::clone(integration));
    let (verifier, person) = (verifier(), person(integration));
    let redirect_uri = url(CALLBACK);
    let scopes = provider.scopes();
    let begin = Begin {
        redirect_uri: &redirect_uri,
        state: "st4te",
        verifier: &verifier,
        nonce: None,
        scopes: &scopes,
        person: &person,
    };

    let granted = if integration.auth.leaves() {
        let begun = client.begin(&calls, &begin).await.unwrap();
        let query = CallbackQuery::parse(provider.sign_in(&begun.address)).unwrap();
        assert_eq!(integration.state_of(&query), Some("st4te"));
        let mut kept = person.clone();
        kept.extend(&begun.kept);
        if let Some(body) = provider.delivery() {
            let delivered = client.read_delivery(&body).unwrap();
            let turn = handclasp_domain::CallbackTurn::Take;
            kept.extend(&delivered.accept("st4te", &turn, &kept).unwrap());
        }
        let answer = match client.read_callback(&query, &kept) {
            Ok(answer) => answer,
            Err(error) => panic!("{error:?}"),
        };
        let granted = client
            .complete(&calls, &begin, &kept, &answer)
            .await
            .unwrap();
        if let Auth::OAuth2Code(_) = &integration.auth {
            let again = client.complete(&calls, &begin, &kept, &answer).await;
            assert!(
                matches!(again, Err(ProviderFailure::GrantRefused { .. })),
                "{again:?}"
            );
        }
        granted
    } else {
        client.grant(&calls, &scopes, &person).await.unwrap()
    };
    assert!(matches!(granted.scopes, GrantedScopes::Enough(_)));
    if let Some(token) = provider.token_endpoint()
        && token.answer.refresh_expires_at.is_some()
    {
        assert!(granted.refresh_expires_in >= Some(Duration::from_secs(86_400)));
    }

    let accounts = client.accounts(&calls, &granted.held).await.unwrap();
    assert_eq!(accounts.is_empty(), integration.account.is_none());
    let mut held = granted.held;
    if let Some(first) = accounts.first() {
        assert!(!first.id.is_empty());
        held.values.extend(&first.values);
    }
    provider.call_api(&client, &calls, &held);
    let ended = client.revoke_account(&calls, &held).await.unwrap();
    let account = integration.account.as_ref();
    let offered = account.is_some_and(|account| account.revocation.is_some());
    assert_eq!(ended == Revocation::Done, offered);

    for _ in 0..2 {
        let fresh = client.refresh(&calls, &held, &redirect_uri, &scopes).await;
        match provider.refresh_tokens() {
            None | Some(RefreshTokens::None) => {
                assert!(
                    matches!(fresh, Err(RefreshFailure::NotOffered)),
                    "{fresh:?}"
                );
                break;
            }
            Some(kind) => {
                let fresh = fresh.unwrap();
                assert_ne!(fresh.held.access_token, held.access_token);
                if kind == RefreshTokens::Rotate {
                    let spent = client.refresh(&calls, &held, &redirect_uri, &[]).await;
                    assert!(matches!(
                        spent,
                        Err(RefreshFailure::Provider(
                            ProviderFailure::GrantRefused { .. }
                        ))
                    ));
                }
                let before = held.values.get("account.id").map(str::to_owned);
                held = fresh.held;
                assert_eq!(
                    held.values.get("account.id"),
                    before.as_deref(),
                    "it is kept"
                );
            }
        }
    }
    let revoked = client.revoke(&calls, &held).await.unwrap();
    let offered = *provider.revocation() != RevocationWay::None;
    assert_eq!(revoked == Revocation::Done, offered);
    assert_eq!(provider.has_ended(), offered);
}

#[tokio::test]
async fn every_declaration_of_the_catalogue_works() {
    let origins = Origins::new(&url("https://sandbox.hub.example")).unwrap();
    for integration in Catalogue::embedded(&origins).unwrap().iter() {
        live(integration).await;
    }
}

/// What docs/integrations/format.md shows works as it stands there.
#[tokio::test]
async fn so_does_the_worked_example() {
    let page = include_str!("../../../../docs/integrations/format.md");
    let (_, example) = page.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    live(&declared(example)).await;
}

/// What no declaration of the catalogue has must work as well.
#[tokio::test]
async fn so_does_every_variation() {
    live(&declared(ACME)).await;
    live(&declared(include_str!("../catalogue/full.toml"))).await;
    live(&declared(
        &ACME
            .replace("\"stay\"", "\"none\"")
            .replace(
                "revocation.rfc7009.endpoint = \"https://acme.example/oauth/revoke\"\n",
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
    for way in [
        "basic_unencoded",
        "basic_and_post",
        "id_only",
        "none",
        "private_key_jwt",
    ] {
        live(&declared(&ACME.replace("\"post\"", &format!("{way:?}")))).await;
    }
    for text in [
        OAUTH1,
        CLIENT_CREDENTIALS,
        CREDENTIALS,
        TOKEN_LINK,
        DELIVERY,
        FILE_UPLOAD,
    ] {
        let head = ACME.split_once("[auth").unwrap().0;
        live(&declared(&format!("{head}{text}"))).await;
    }
}

const OAUTH1: &str = r#"
[[person]]
name = "account"
kind = "account"
pattern = "[0-9]+(_SB[0-9])?"
example = "1234567"

[auth.oauth1]
request_endpoint = "https://{person.account}.api.acme.example/requesttoken"
authorization_endpoint = "https://system.acme.example/authorize?version=1"
token_endpoint = "https://{person.account}.api.acme.example/accesstoken"
signature = "HMAC-SHA256"
realm = "{person.account}"
callback_values.company = { pattern = "[0-9]+", equals = "{person.account}" }
revocation.call = { endpoint = "https://{person.account}.api.acme.example/revoketoken" }

[account]
call.endpoint = "https://{person.account}.api.acme.example/me?a=b%20c"
id = "/id"

[api]
base = "https://{person.account}.api.acme.example/v1"
authorization = "oauth1"
"#;

const CLIENT_CREDENTIALS: &str = r#"
[[person]]
name = "shop"
kind = "shop"
pattern = "[a-z0-9-]+"
suffix = ".acme.example"
example = "north"

[[person]]
name = "client_id"
kind = "client_id"

[[person]]
name = "client_secret"
kind = "client_secret"

[auth.oauth2_client_credentials]
client_id = "{person.client_id}"
client_secret = "{person.client_secret}"

[auth.oauth2_client_credentials.token]
endpoint = "https://{person.shop}.shops.acme.example/token"
client_authentication = "post"
refresh_tokens = "none"

[account]
call.endpoint = "https://{person.shop}.shops.acme.example/shop"
id = "/shop/id"
name = "/shop/name"

[api]
base = "https://{person.shop}.shops.acme.example/api"
"#;

const CREDENTIALS: &str = r#"
[[person]]
name = "site"
kind = "site"
pattern = "[a-z0-9-]+"
example = "north"

[[person]]
name = "key"
kind = "key"

[auth.credentials]

[account]
call.endpoint = "https://{person.site}.acme.example/api/v2/sites"
list = ""
id = "{person.site}"
name = "/name"

[api]
base = "https://{person.site}.acme.example/api/v2"
authorization.basic = { user = "{person.key}", password = "" }
"#;

const TOKEN_LINK: &str = r#"
[[operator]]
name = "app_id"
label = "App ID"

[[operator]]
name = "key"
label = "Secret key"
secret = true

[auth.token_link]
before.call = { endpoint = "https://api.acme.example/token/new", authorization = "none", json = { id = "{operator.app_id}", key = "{operator.key}" } }
before.keep.access = "/access"
create = { endpoint = "https://api.acme.example/links", authorization = "none", headers = { Authorization = "Bearer {step.access}" }, json = { redirect = "{return_url}", reference = "{state}", days = 90 } }
address = "/link"
address_pattern = "https://pages\\.acme\\.example/.*"
keep.link = "/id"
callback_values.ref = { required = true }
after.call = { endpoint = "https://api.acme.example/links/{link.link}/results", authorization = "none" }
after.list = "/results"
after.keep.public = "/public"
exchange = { endpoint = "https://api.acme.example/links/{link.link}", authorization = "none", headers = { Authorization = "Bearer {step.access}", X-Public = "{step.public}" } }
token = "/token"
revocation.call = { method = "DELETE", endpoint = "https://api.acme.example/links/{link.link}" }

[account]
call.endpoint = "https://api.acme.example/links/{link.link}/accounts"
list = "/accounts"
id = "/id"
"#;

const DELIVERY: &str = r#"
[[person]]
name = "shop"
kind = "address"

[auth.delivery]
address = "{person.shop}/connect?state={state}&back={return_url}&to={delivery_url}"
state = "/data/state"
keep.key = { at = "/data/key", required = true }
answer = 204
state_parameter = "s"

[account]
call.endpoint = "{person.shop}/api/me"
id = "{person.shop}"

[api]
base = "{person.shop}/api"
authorization.header = { name = "X-Key", value = "{delivery.key}" }
"#;

const FILE_UPLOAD: &str = "
[auth.file_upload]
";
