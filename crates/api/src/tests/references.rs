//! Which company belongs to which: on both sides, without rings, and under races.

use handclasp_testkit::Answer;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{NOBODY, Stage, field, refused};

const PARENT: &str = "referenceParentCompany";
const SUBSIDIARIES: &str = "referenceSubsidiaryCompanies";

async fn make(stage: &Stage, body: Value) -> String {
    let made = stage.api.post("/api/companies", body).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let path = format!("/api/companies/{}", made.at("/id"));
    assert_eq!(stage.api.get(&path).await.json, made.json);
    made.at("/id").to_owned()
}

async fn company(stage: &Stage, name: &str) -> String {
    make(stage, json!({ "name": name })).await
}

async fn patch(stage: &Stage, id: &str, change: Value) -> Answer {
    stage
        .api
        .patch(&format!("/api/companies/{id}"), change)
        .await
}

/// A company's parent and its subsidiaries, by name; the same in the list as alone.
async fn around(stage: &Stage, id: &str) -> (Option<String>, Vec<String>) {
    let got = stage.api.get(&format!("/api/companies/{id}")).await.json;
    let list = stage.api.get("/api/companies").await.json;
    let listed = list["results"].as_array().unwrap();
    let listed: Vec<_> = listed.iter().filter(|one| one["id"] == id).collect();
    assert_eq!(listed, [&got]);
    let name = |one: &Value| one["name"].as_str().map(str::to_owned);
    let below = got[SUBSIDIARIES].as_array().unwrap();
    (
        got.get(PARENT).and_then(name),
        below.iter().filter_map(name).collect(),
    )
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn both_sides_show_it_in_the_contracts_shape() {
    let stage = Stage::new().await;
    let parent = make(
        &stage,
        json!({ "name": "Ash", "description": "Holding", "tags": { "region": "eu" } }),
    )
    .await;
    // Connections do not multiply with subsidiaries.
    for _ in 0..2 {
        stage.connection(&format!("/api/companies/{parent}")).await;
    }
    let below = json!({ "name": "Birch", PARENT: { "id": parent, "name": "ignored" } });
    make(&stage, below).await;
    stage.test.clock.advance(std::time::Duration::from_secs(1));
    let cedar = company(&stage, "Cedar").await;
    stage.test.clock.advance(std::time::Duration::from_secs(1));
    let above = make(
        &stage,
        json!({ "name": "Oak", SUBSIDIARIES: [{ "id": parent }] }),
    )
    .await;
    patch(&stage, &cedar, json!({ PARENT: { "id": parent } })).await;

    let got = stage
        .api
        .get(&format!("/api/companies/{parent}"))
        .await
        .json;
    assert_eq!(got["dataConnections"].as_array().unwrap().len(), 2);
    assert_eq!(
        around(&stage, &parent).await,
        (Some("Oak".to_owned()), names(&["Birch", "Cedar"]))
    );
    assert_eq!(around(&stage, &above).await, (None, names(&["Ash"])));
    let shown = stage.api.get(&format!("/api/companies/{cedar}")).await.json;
    insta::assert_snapshot!(stage.shown(&shown[PARENT]), @r#"
    {
      "id": "[id 1]",
      "name": "Ash",
      "description": "Holding",
      "tags": {
        "region": "eu"
      }
    }
    "#);
    let first = &got[SUBSIDIARIES][1];
    assert_eq!(*first, json!({ "id": cedar, "name": "Cedar", "tags": {} }));
    // The other's name is its present one.
    patch(&stage, &cedar, json!({ "name": "Cedrus" })).await;
    assert_eq!(around(&stage, &parent).await.1, names(&["Birch", "Cedrus"]));
}

#[tokio::test]
async fn what_is_absent_stays_in_a_patch_and_goes_in_a_put() {
    let stage = Stage::new().await;
    let (top, a, b) = (
        company(&stage, "Top").await,
        company(&stage, "A").await,
        company(&stage, "B").await,
    );
    let middle = make(
        &stage,
        json!({ "name": "M", PARENT: { "id": top }, SUBSIDIARIES: [{ "id": a }, { "id": b }, { "id": a }] }),
    )
    .await;
    let (parent, mut below) = around(&stage, &middle).await;
    below.sort();
    assert_eq!(
        (parent, below),
        (Some("Top".to_owned()), names(&["A", "B"]))
    );

    for change in [json!({}), json!({ PARENT: null, SUBSIDIARIES: null })] {
        patch(&stage, &middle, change).await;
        assert_eq!(around(&stage, &middle).await.1.len(), 2);
    }
    patch(&stage, &middle, json!({ SUBSIDIARIES: [{ "id": b }] })).await;
    assert_eq!(
        around(&stage, &middle).await,
        (Some("Top".to_owned()), names(&["B"]))
    );
    assert_eq!(around(&stage, &a).await.0, None);
    // Who has a parent already gets another.
    patch(&stage, &top, json!({ SUBSIDIARIES: [{ "id": b }] })).await;
    assert_eq!(around(&stage, &middle).await, (None, vec![]));
    assert_eq!(around(&stage, &b).await.0, Some("Top".to_owned()));
    patch(&stage, &b, json!({ PARENT: {} })).await;
    assert_eq!(around(&stage, &top).await.1, names(&[]));
    patch(
        &stage,
        &middle,
        json!({ PARENT: { "id": top }, SUBSIDIARIES: [{ "id": a }] }),
    )
    .await;
    patch(&stage, &middle, json!({ SUBSIDIARIES: [] })).await;
    assert_eq!(
        around(&stage, &middle).await,
        (Some("Top".to_owned()), vec![])
    );
    patch(&stage, &middle, json!({ SUBSIDIARIES: [{ "id": a }] })).await;
    let put = json!({ "name": "M" });
    stage
        .api
        .put(&format!("/api/companies/{middle}"), put)
        .await;
    assert_eq!(around(&stage, &middle).await, (None, vec![]));
    assert_eq!(around(&stage, &a).await.0, None);
    assert_eq!(around(&stage, &top).await.1, names(&[]));
}

#[tokio::test]
async fn what_can_not_be_is_named_and_changes_nothing() {
    let stage = Stage::new().await;
    let a = company(&stage, "A").await;
    let b = make(&stage, json!({ "name": "B", PARENT: { "id": a } })).await;
    let c = make(&stage, json!({ "name": "C", PARENT: { "id": b } })).await;
    let stranger = stage.stranger().await;
    let made = stranger
        .post("/api/companies", json!({ "name": "x" }))
        .await;
    let theirs = made.at("/id");
    let before = stage.api.get("/api/companies").await.json;
    let parent = |id: &str| json!({ PARENT: { "id": id } });
    let below = |ids: &[&str]| {
        let each: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
        json!({ SUBSIDIARIES: each })
    };
    let many = vec![NOBODY; 101];
    for (id, change, named) in [
        (&a, parent(&a), "referenceParentCompany.id"),
        (&a, parent(&b), "referenceParentCompany.id"),
        (&a, parent(&c), "referenceParentCompany.id"),
        (&a, parent(NOBODY), "referenceParentCompany.id"),
        (&a, parent(theirs), "referenceParentCompany.id"),
        (&a, parent("nonsense"), "referenceParentCompany.id"),
        (
            &a,
            json!({ PARENT: { "name": "B" } }),
            "referenceParentCompany.id",
        ),
        (
            &a,
            json!({ PARENT: { "id": null } }),
            "referenceParentCompany.id",
        ),
        (&b, below(&[&c, &b]), "referenceSubsidiaryCompanies[1].id"),
        (&c, below(&[&b]), "referenceSubsidiaryCompanies[0].id"),
        (&c, below(&[&a]), "referenceSubsidiaryCompanies[0].id"),
        (&c, below(&[NOBODY]), "referenceSubsidiaryCompanies[0].id"),
        (&c, below(&[theirs]), "referenceSubsidiaryCompanies[0].id"),
        (
            &c,
            json!({ SUBSIDIARIES: [{}] }),
            "referenceSubsidiaryCompanies[0].id",
        ),
        (&c, below(&many), "referenceSubsidiaryCompanies"),
    ] {
        let answer = patch(&stage, id, change.clone()).await;
        assert_eq!(field(&answer), named, "{change}: {}", answer.text());
        // What a replacement does not name does not make room for it.
        let mut whole = change;
        whole["name"] = json!("x");
        let answer = stage
            .api
            .put(&format!("/api/companies/{id}"), whole.clone())
            .await;
        assert_eq!(field(&answer), named, "{whole}: {}", answer.text());
    }
    // One and the same above and below.
    let d = company(&stage, "D").await;
    let both = json!({ "name": "E", PARENT: { "id": d }, SUBSIDIARIES: [{ "id": d }] });
    let answer = stage.api.post("/api/companies", both).await;
    assert_eq!(field(&answer), "referenceSubsidiaryCompanies[0].id");
    stage.api.delete(&format!("/api/companies/{d}")).await;
    assert_eq!(stage.api.get("/api/companies").await.json, before);
    // Turned round at once, it is no ring.
    let turned = json!({ PARENT: { "id": b }, SUBSIDIARIES: [] });
    assert_eq!(patch(&stage, &a, turned).await.status, 200);
    let (parent, mut below) = around(&stage, &b).await;
    below.sort();
    assert_eq!((parent, below), (None, names(&["A", "C"])));
}

#[tokio::test]
async fn depth_and_number_have_an_end() {
    let stage = Stage::new().await;
    let mut last = company(&stage, "0").await;
    for n in 1..=16 {
        last = make(
            &stage,
            json!({ "name": n.to_string(), PARENT: { "id": last } }),
        )
        .await;
    }
    let deeper = json!({ "name": "17", PARENT: { "id": last } });
    let answer = stage.api.post("/api/companies", deeper).await;
    assert_eq!(field(&answer), "referenceParentCompany.id");
    // What is there can be changed all the same.
    assert_eq!(
        patch(&stage, &last, json!({ "name": "x" })).await.status,
        200
    );

    let mut below = Vec::new();
    for n in 0..100 {
        below.push(json!({ "id": company(&stage, &n.to_string()).await }));
    }
    let full = make(&stage, json!({ "name": "Full", SUBSIDIARIES: below })).await;
    assert_eq!(around(&stage, &full).await.1.len(), 100);
    let one_more = json!({ "name": "x", PARENT: { "id": full } });
    let answer = stage.api.post("/api/companies", one_more).await;
    assert_eq!(field(&answer), "referenceParentCompany.id");
}

#[tokio::test]
async fn a_company_that_goes_leaves_no_reference() {
    let stage = Stage::new().await;
    let a = company(&stage, "A").await;
    let b = make(&stage, json!({ "name": "B", PARENT: { "id": a } })).await;
    let c = make(&stage, json!({ "name": "C", PARENT: { "id": b } })).await;
    let gone = stage.api.delete(&format!("/api/companies/{b}")).await;
    assert_eq!(gone.status, 204);
    assert_eq!(around(&stage, &a).await, (None, vec![]));
    assert_eq!(around(&stage, &c).await, (None, vec![]));
    refused(&stage.api.get(&format!("/api/companies/{b}")).await, 404);
    assert_eq!(
        patch(&stage, &c, json!({ PARENT: { "id": a } }))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn of_two_changes_that_would_close_a_ring_together_one_is_made() {
    let stage = Stage::new().await;
    for round in 0..8 {
        let (a, b) = (company(&stage, "A").await, company(&stage, "B").await);
        let mut callers = JoinSet::new();
        for (id, other) in [(&a, &b), (&b, &a)] {
            let (api, path) = (stage.api.clone(), format!("/api/companies/{id}"));
            let body = if round % 2 == 0 {
                json!({ "name": "x", PARENT: { "id": other } })
            } else {
                json!({ "name": "x", SUBSIDIARIES: [{ "id": other }] })
            };
            callers.spawn(async move { api.put(&path, body).await });
        }
        let mut made = 0;
        while let Some(answer) = callers.join_next().await {
            let answer = answer.unwrap();
            match answer.status {
                200 => made += 1,
                _ => assert!(field(&answer).starts_with("reference")),
            }
        }
        let (of_a, of_b) = (around(&stage, &a).await, around(&stage, &b).await);
        assert_eq!(made, 1, "{of_a:?} {of_b:?}");
        assert!(
            of_a.0.is_none() || of_b.0.is_none(),
            "a ring: {of_a:?} {of_b:?}"
        );
    }
}

#[tokio::test]
async fn a_parent_that_goes_at_the_same_moment_is_not_referred_to() {
    let stage = Stage::new().await;
    for _ in 0..8 {
        let (a, b) = (company(&stage, "A").await, company(&stage, "B").await);
        let (api, path) = (stage.api.clone(), format!("/api/companies/{a}"));
        let deleting = tokio::spawn(async move { api.delete(&path).await.status });
        let answer = patch(&stage, &b, json!({ PARENT: { "id": a } })).await;
        assert_eq!(deleting.await.unwrap(), 204);
        if answer.status != 200 {
            assert_eq!(field(&answer), "referenceParentCompany.id");
        }
        assert_eq!(around(&stage, &b).await.0, None);
    }
}
