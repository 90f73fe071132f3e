//! A client's settings for integrations: a third party that needs a registration, beside the Sandbox, which needs none.

use handclasp_app::SandboxMode;
use handclasp_domain::ClientId;
use handclasp_store::integration_setting;
use handclasp_testkit::{Answer, Heard, Setup, ThirdParty};
use serde_json::{Value, json};

use super::{NOBODY, Stage, field, refused};

const ACME: &str = "/api/integrations/acme/settings";
const SANDBOX: &str = "/api/integrations/mqjo/settings";

/// What must be seen nowhere.
const CANARY: &str = "canary-7f3b9d1c-of-settings";

async fn stage() -> Stage {
    let acme = ThirdParty::start().await;
    Stage::with(acme.setup()).await
}

fn registration() -> Value {
    json!({ "client_id": "lender-at-acme", "client_secret": CANARY })
}

async fn enable(stage: &Stage) -> Answer {
    let body = json!({ "enabled": true, "values": registration() });
    let answer = stage.api.put(ACME, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

/// Whether a company can connect, in all the ways in which that is told and tried.
async fn is_enabled(stage: &Stage, key: &str) -> bool {
    let path = format!("/api/integrations/{key}");
    let told = stage.api.get(&path).await.json["enabled"]
        .as_bool()
        .unwrap();
    let company = stage.company().await;
    let own = stage.company_api(&company).await;
    let as_listed = |list: &Value| {
        let results = list["results"].as_array().unwrap();
        let found = results.iter().find(|one| one["key"] == key);
        found.map(|one| one["enabled"].as_bool().unwrap())
    };
    for api in [&stage.api, &own] {
        let all = api.get("/api/integrations").await.json;
        assert_eq!(as_listed(&all), Some(told));
        let enabled = api.get("/api/integrations?query=enabled=true").await.json;
        assert_eq!(as_listed(&enabled), told.then_some(true));
        let connections = format!("{company}/connections");
        let made = api.post(&connections, json!({ "platformKey": key })).await;
        if told {
            assert_eq!(made.status, 200, "{}", made.text());
        } else {
            assert_eq!(field(&made), "platformKey");
        }
    }
    told
}

#[tokio::test]
async fn the_whole_answer() {
    let stage = stage().await;
    let before = stage.api.get(ACME).await;
    insta::assert_snapshot!(stage.shown(&before.json), @r#"
    {
      "key": "acme",
      "enabled": false,
      "defaultOrder": 10,
      "defaultScopes": [
        "books",
        "offline"
      ],
      "requiredScopes": [
        "books"
      ],
      "fields": [
        {
          "name": "client_id",
          "label": "Client ID",
          "isSecret": false,
          "isOptional": false,
          "isSet": false
        },
        {
          "name": "client_secret",
          "label": "Client secret",
          "isSecret": true,
          "isOptional": false,
          "isSet": false
        }
      ],
      "redirectUri": "http://127.0.0.1:4000/callback/[id 1]/acme",
      "needsCredentials": true,
      "notOffered": "NotEntered",
      "version": 0
    }
    "#);

    let settings = json!({
        "enabled": true,
        "order": 3,
        "scopes": ["offline", "books", "payroll"],
        "values": { "client_id": "  lender-at-acme\n", "client_secret": CANARY },
    });
    let put = stage.api.put(ACME, settings).await;
    assert_eq!(put.status, 200, "{}", put.text());
    insta::assert_snapshot!(stage.shown(&put.json), @r#"
    {
      "key": "acme",
      "enabled": true,
      "order": 3,
      "defaultOrder": 10,
      "scopes": [
        "offline",
        "books",
        "payroll"
      ],
      "defaultScopes": [
        "books",
        "offline"
      ],
      "requiredScopes": [
        "books"
      ],
      "fields": [
        {
          "name": "client_id",
          "label": "Client ID",
          "isSecret": false,
          "isOptional": false,
          "isSet": true,
          "value": "lender-at-acme"
        },
        {
          "name": "client_secret",
          "label": "Client secret",
          "isSecret": true,
          "isOptional": false,
          "isSet": true
        }
      ],
      "redirectUri": "http://127.0.0.1:4000/callback/[id 1]/acme",
      "needsCredentials": false,
      "updated": "2026-03-01T12:00:00.0000000Z",
      "version": 1
    }
    "#);
    assert_eq!(stage.api.get(ACME).await.json, put.json);
    let upper = stage.api.get("/api/integrations/ACME/settings").await;
    assert_eq!(upper.json, put.json);
    let audit = stage.test.audit(&stage.client).await;
    let entries = audit
        .iter()
        .filter(|entry| entry.action == "integration.settings");
    assert_eq!(entries.count(), 1);

    // What is read can be put back, and what is left out is as it is declared; but nothing that was entered is lost.
    let again = stage.api.put(ACME, put.json.clone()).await;
    let mut expected = put.json;
    expected["version"] = json!(2);
    assert_eq!(again.json, expected);
    let bare = stage.api.put(ACME, json!({ "enabled": true })).await;
    for name in ["order", "scopes"] {
        expected.as_object_mut().unwrap().remove(name);
    }
    expected["version"] = json!(3);
    assert_eq!(bare.json, expected);
}

#[tokio::test]
async fn an_integration_is_offered_once_it_is_enabled_and_all_is_there_that_it_needs() {
    let stage = stage().await;
    let reason = async || {
        let now = stage.api.get(ACME).await.json;
        (now["notOffered"].clone(), now["needsCredentials"].clone())
    };
    assert_eq!(reason().await, (json!("NotEntered"), json!(true)));
    assert!(!is_enabled(&stage, "acme").await);
    stage.api.put(ACME, json!({ "enabled": true })).await;
    assert_eq!(reason().await, (json!("NotEntered"), json!(true)));
    let half = json!({ "enabled": true, "values": { "client_id": "x" } });
    stage.api.put(ACME, half).await;
    assert_eq!(reason().await, (json!("NotEntered"), json!(true)));
    assert!(!is_enabled(&stage, "acme").await);
    let rest = json!({ "enabled": false, "values": { "client_secret": "y" } });
    stage.api.put(ACME, rest).await;
    assert_eq!(reason().await, (json!("NotEnabled"), json!(false)));
    assert!(!is_enabled(&stage, "acme").await);
    stage.api.put(ACME, json!({ "enabled": true })).await;
    assert_eq!(reason().await, (Value::Null, json!(false)));
    assert!(is_enabled(&stage, "acme").await);
    let gone = json!({ "enabled": true, "values": { "client_secret": "" } });
    stage.api.put(ACME, gone).await;
    assert_eq!(reason().await, (json!("NotEntered"), json!(true)));
    assert!(!is_enabled(&stage, "acme").await);
}

#[tokio::test]
async fn what_was_entered_stays_until_it_is_replaced_or_taken_away() {
    let stage = stage().await;
    enable(&stage).await;
    let set = async |values: Value| {
        let put = json!({ "enabled": true, "values": values });
        let answer = stage.api.put(ACME, put).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let fields = &answer.json["fields"];
        (
            fields[0]["value"].clone(),
            fields[1]["isSet"].as_bool().unwrap(),
        )
    };
    let same = (json!("lender-at-acme"), true);
    for nothing in [
        json!({}),
        Value::Null,
        json!({ "client_id": null, "client_secret": null }),
    ] {
        assert_eq!(set(nothing).await, same);
    }
    let other = set(json!({ "client_id": "other" })).await;
    assert_eq!(other, (json!("other"), true));
    let none = set(json!({ "client_id": "", "client_secret": " " })).await;
    assert_eq!(none, (Value::Null, false));
    let (_, sealed) = held(&stage, stage.client.id()).await;
    assert_eq!(sealed, None, "nothing is left of it");
}

#[tokio::test]
async fn the_sandbox_needs_nothing_and_is_offered_as_the_server_says() {
    let stage = stage().await;
    let settings = stage.api.get(SANDBOX).await.json;
    assert_eq!(settings["enabled"], true);
    assert_eq!(settings["fields"], json!([]));
    assert_eq!(settings["needsCredentials"], false);
    let refused = json!({ "enabled": true, "values": { "client_secret": "x" } });
    let answer = stage.api.put(SANDBOX, refused).await;
    assert_eq!(field(&answer), "values.client_secret");
    assert!(is_enabled(&stage, "mqjo").await);
    stage.api.put(SANDBOX, json!({ "enabled": false })).await;
    assert!(!is_enabled(&stage, "mqjo").await);
    stage.api.put(SANDBOX, json!({ "enabled": true })).await;
    assert!(is_enabled(&stage, "mqjo").await);

    let never = Setup {
        sandbox: SandboxMode::Never,
        ..Setup::default()
    };
    let stage = Stage::with(never).await;
    let put = stage
        .api
        .put(SANDBOX, json!({ "enabled": true }))
        .await
        .json;
    assert_eq!(
        (&put["enabled"], &put["notOffered"]),
        (&json!(true), &json!("SandboxOff"))
    );
    assert!(!is_enabled(&stage, "mqjo").await);
}

#[tokio::test]
async fn the_order_is_the_client_s_own() {
    let stage = stage().await;
    let keys = async || {
        let list = stage.api.get("/api/integrations").await.json;
        let all = list["results"].as_array().unwrap().clone();
        let accounting = all
            .into_iter()
            .filter(|one| one["sourceType"] == "Accounting");
        let keys = accounting.map(|one| one["key"].as_str().unwrap().to_owned());
        keys.collect::<Vec<_>>()
    };
    let place = async |key| {
        let keys = keys().await;
        keys.iter().position(|one| one == key).unwrap()
    };
    assert!(place("acme").await < place("mqjo").await);
    let first = json!({ "enabled": true, "order": 0 });
    stage.api.put(SANDBOX, first).await;
    assert_eq!(place("mqjo").await, 0);
    let stranger = stage.stranger().await;
    let theirs = stranger.get("/api/integrations").await;
    assert_ne!(theirs.at("/results/0/key"), "mqjo");
}

#[tokio::test]
async fn what_can_not_be_set_is_named_and_changes_nothing() {
    let stage = stage().await;
    enable(&stage).await;
    let before = stage.api.get(ACME).await.json;
    let many: Vec<_> = (0..101).map(|n| format!("s{n}")).collect();
    let long = "x".repeat(10_001);
    for (name, value, named) in [
        ("enabled", Value::Null, "enabled"),
        ("enabled", json!("true"), "enabled"),
        ("order", json!(-1), "order"),
        ("order", json!(65_536), "order"),
        ("order", json!("first"), "order"),
        ("scopes", json!([]), "scopes"),
        ("scopes", json!(["offline"]), "scopes"),
        ("scopes", json!("books"), "scopes"),
        ("scopes", json!(["books", "a b"]), "scopes[1]"),
        ("scopes", json!(["books", "a\"b"]), "scopes[1]"),
        ("scopes", json!(["books", ""]), "scopes[1]"),
        ("scopes", json!(["books", "é"]), "scopes[1]"),
        ("scopes", json!(["books", "books"]), "scopes[1]"),
        ("scopes", json!(["books", "x".repeat(251)]), "scopes[1]"),
        ("scopes", json!(many), "scopes"),
        ("values", json!({ "clientId": "x" }), "values"),
        ("values", json!({ "tenant": "x" }), "values.tenant"),
        ("values", json!({ "": "x" }), "values"),
        ("values", json!({ "a\u{7}b": "x" }), "values"),
        ("values", json!({ &long: "x" }), "values"),
        ("values", json!({ "client_id": "a b" }), "values.client_id"),
        (
            "values",
            json!({ "client_secret": "a\u{0}b" }),
            "values.client_secret",
        ),
        (
            "values",
            json!({ "client_secret": long }),
            "values.client_secret",
        ),
        (
            "values",
            json!({ "client_secret": 7 }),
            "values.client_secret",
        ),
        ("values", json!(["x"]), "values"),
        ("version", json!("1"), "version"),
        ("version", json!(1.5), "version"),
    ] {
        let mut body = json!({ "enabled": true });
        body[name] = value;
        let answer = stage.api.put(ACME, body.clone()).await;
        assert_eq!(field(&answer), named, "{body}: {}", answer.text());
        assert!(answer.text().len() < 2_000);
    }
    assert_eq!(stage.api.get(ACME).await.json, before);
    for none in ["zzzz", "nonsense", NOBODY] {
        let path = format!("/api/integrations/{none}/settings");
        refused(&stage.api.get(&path).await, 404);
        refused(&stage.api.put(&path, json!({ "enabled": true })).await, 404);
    }
}

#[tokio::test]
async fn one_client_sees_and_changes_nothing_of_another() {
    let stage = stage().await;
    let stranger = stage.stranger().await;
    let before = stranger.get(ACME).await.json;
    let mine = enable(&stage).await.json;
    assert_eq!(stranger.get(ACME).await.json, before);
    let theirs = stranger.get("/api/integrations/acme").await.json;
    assert_eq!(theirs["enabled"], false);
    let values = json!({ "client_id": "stranger", "client_secret": "other" });
    let put = json!({ "enabled": false, "order": 7, "values": values });
    let put = stranger.put(ACME, put).await;
    assert_eq!(put.status, 200, "{}", put.text());
    assert_ne!(put.at("/redirectUri"), mine["redirectUri"]);
    assert_eq!(stage.api.get(ACME).await.json, mine);
}

#[tokio::test]
async fn of_two_changes_to_one_version_one_is_made() {
    let stage = stage().await;
    for version in 0..4 {
        let mut changing = tokio::task::JoinSet::new();
        for order in 0..4 {
            let api = stage.api.clone();
            let values = json!({ "client_id": format!("id-{order}") });
            let put =
                json!({ "enabled": true, "order": order, "version": version, "values": values });
            changing.spawn(async move { api.put(ACME, put).await });
        }
        let mut answers = changing.join_all().await;
        answers.sort_by_key(|answer| answer.status);
        let (made, late) = answers.split_first().unwrap();
        assert_eq!(
            (made.status, &made.json["version"]),
            (200, &json!(version + 1))
        );
        for answer in late {
            let said = refused(answer, 409);
            assert!(said.contains("changed since"), "{said}");
        }
        let now = stage.api.get(ACME).await.json;
        assert_eq!(now, made.json);
        let id = format!("id-{}", now["order"]);
        assert_eq!(now["fields"][0]["value"], json!(id), "whole");
    }
    let audit = stage.test.audit(&stage.client).await;
    let entries = audit
        .iter()
        .filter(|entry| entry.action == "integration.settings");
    assert_eq!(entries.count(), 4);
}

#[tokio::test]
async fn without_a_version_every_change_is_made_and_none_undoes_what_another_entered() {
    let stage = stage().await;
    let mut changing = tokio::task::JoinSet::new();
    for n in 0..6 {
        let api = stage.api.clone();
        let name = ["client_id", "client_secret"][n % 2];
        let put = json!({ "enabled": true, "values": { name: format!("v{n}") } });
        changing.spawn(async move { api.put(ACME, put).await.status });
    }
    assert_eq!(changing.join_all().await, [200; 6]);
    let now = stage.api.get(ACME).await.json;
    assert_eq!(now["version"], 6);
    assert_eq!(now["needsCredentials"], false);
}

#[tokio::test]
async fn a_secret_is_good_for_the_endpoints_alone_for_which_it_was_entered() {
    let acme = ThirdParty::start().await;
    let mut stage = Stage::with(acme.setup()).await;
    enable(&stage).await;
    let moved = || {
        acme.setup_with(|declaration| {
            *declaration = declaration.replace("acme.example/token", "acme.example/token2");
        })
    };
    stage.restart(moved()).await;
    let now = stage.api.get(ACME).await.json;
    assert_eq!(now["notOffered"], "EndpointsChanged");
    assert_eq!(now["needsCredentials"], true);
    assert_eq!(now["fields"][0]["value"], "lender-at-acme", "it is public");
    assert_eq!(now["fields"][1]["isSet"], false);
    assert!(!is_enabled(&stage, "acme").await);
    // Saving other things does not bind it anew.
    let put = json!({ "enabled": true, "order": 1, "values": { "client_id": "lender-2" } });
    let put = stage.api.put(ACME, put).await.json;
    assert_eq!(put["notOffered"], "EndpointsChanged");
    assert!(!is_enabled(&stage, "acme").await);
    // The operator goes back to the version before.
    stage.restart(acme.setup()).await;
    assert!(is_enabled(&stage, "acme").await);
    // And forth again: now it is entered, and good there alone.
    stage.restart(moved()).await;
    enable(&stage).await;
    assert!(is_enabled(&stage, "acme").await);
    stage.restart(acme.setup()).await;
    let now = stage.api.get(ACME).await.json;
    assert_eq!(now["notOffered"], "EndpointsChanged");
    assert!(!is_enabled(&stage, "acme").await);
    // A declaration without fields leaves nothing that could be neither seen nor taken away.
    let without_fields = acme.setup_with(|declaration| {
        *declaration = declaration
            .replace("https://acme.example", "{sandbox}")
            .replace(
                "docs = \"{sandbox}",
                "sandbox = true\ndocs = \"https://acme.example",
            );
    });
    enable(&stage).await;
    stage.restart(without_fields).await;
    let put = stage.api.put(ACME, json!({ "enabled": true })).await;
    assert_eq!((put.status, &put.json["fields"]), (200, &json!([])));
    assert_eq!(held(&stage, stage.client.id()).await.1, None);
    stage.restart(acme.setup()).await;
    assert_eq!(stage.api.get(ACME).await.json["notOffered"], "NotEntered");
    stage.restart(moved()).await;
    enable(&stage).await;
    // Without the integration there is nothing to set, and what was entered is kept.
    stage.restart(Setup::default()).await;
    refused(&stage.api.get(ACME).await, 404);
    stage.restart(moved()).await;
    assert!(is_enabled(&stage, "acme").await);
}

/// The row, with its sealed values.
async fn held(stage: &Stage, client: ClientId) -> (String, Option<Vec<u8>>) {
    let key = "acme".parse().unwrap();
    let mut store = stage.test.database.store();
    let (setting, sealed) = integration_setting::find(&mut store, client, key)
        .await
        .unwrap()
        .unwrap();
    (format!("{setting:?}"), sealed)
}

#[tokio::test]
async fn a_secret_is_seen_nowhere() {
    let heard = Heard::listen();
    let stage = stage().await;
    let contains = |bytes: &[u8]| {
        let canary = CANARY.as_bytes();
        bytes.windows(canary.len()).any(|part| part == canary)
    };
    let mut answers = vec![enable(&stage).await, stage.api.get(ACME).await];
    for wrong in [
        json!({ "enabled": true, "values": { "client_secret": format!("{CANARY} x") } }),
        json!({ "enabled": true, "values": { "client_secret": [CANARY] } }),
        json!({ "enabled": true, "values": { CANARY: "x" } }),
        json!({ "enabled": true, "values": CANARY }),
        json!({ "enabled": CANARY, "values": registration() }),
        json!({ "enabled": true, "version": 99, "values": registration() }),
    ] {
        let answer = stage.api.put(ACME, wrong).await;
        assert!([400, 409].contains(&answer.status), "{}", answer.text());
        answers.push(answer);
    }
    answers.push(stage.api.get("/api/integrations").await);
    for answer in &answers {
        assert!(!contains(&answer.body), "{}", answer.text());
        assert!(!format!("{:?}", answer.headers).contains(CANARY));
    }
    let audit = format!("{:?}", stage.test.audit(&stage.client).await);
    assert!(!audit.contains(CANARY));
    let (shown, sealed) = held(&stage, stage.client.id()).await;
    assert!(!shown.contains(CANARY) && !contains(&sealed.unwrap()));
    let log = heard.text();
    assert!(log.contains(answers[1].header("x-correlation-id")));
    assert!(!log.contains(CANARY));
    // On SQLite the files are at hand.
    for entry in std::fs::read_dir(stage.test.database.folder()).unwrap() {
        let path = entry.unwrap().path();
        assert!(!contains(&std::fs::read(&path).unwrap()), "{path:?}");
    }
}
