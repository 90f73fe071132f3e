//! The order, the query and the tags of lists.

use std::time::Duration;

use serde_json::{Value, json};

use super::{NOBODY, Stage, field};

/// A value in the query of an address.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Makes companies, a second apart. Answers their addresses.
async fn make(stage: &Stage, companies: &[Value]) -> Vec<String> {
    let mut made = Vec::new();
    for company in companies {
        stage.test.clock.advance(Duration::from_secs(1));
        let answer = stage.api.post("/api/companies", company.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        made.push(format!("/api/companies/{}", answer.at("/id")));
    }
    made
}

/// What a list answers to parameters: the names, or what else is shown of each entry.
async fn list_of(
    stage: &Stage,
    list: &str,
    parameters: &[(&str, &str)],
    shown: &str,
) -> Vec<String> {
    let parameters: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    let path = format!("{list}?{}", parameters.join("&"));
    let answer = stage.api.get(&path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    let results = answer.json["results"].as_array().unwrap();
    assert_eq!(answer.json["totalResults"], results.len(), "{path}");
    results
        .iter()
        .map(|one| one[shown].as_str().unwrap().to_owned())
        .collect()
}

async fn names(stage: &Stage, parameters: &[(&str, &str)]) -> Vec<String> {
    list_of(stage, "/api/companies", parameters, "name").await
}

/// Seven companies in several scripts, some with tags and connections.
async fn town(stage: &Stage) -> Vec<String> {
    let made = make(
        stage,
        &[
            json!({ "name": "Straße 7", "description": "Pays late", "tags": { "region": "DE" } }),
            json!({ "name": "ash & birch", "tags": { "region": "UK", "team": "Invoice-Finance" } }),
            json!({ "name": "Ash", "tags": { "region": "uk" } }),
            json!({ "name": "ΟΔΟΣ", "description": "" }),
            json!({ "name": "Москва {1}" }),
            json!({ "name": "株式会社" }),
            json!({ "name": "\"x\" && \\y" }),
        ],
    )
    .await;
    stage.link(&stage.connection(&made[1]).await).await;
    stage.connection(&made[1]).await;
    stage.connection(&made[2]).await;
    made
}

#[tokio::test]
async fn companies_are_found_by_every_property() {
    let stage = Stage::new().await;
    let made = town(&stage).await;
    stage
        .stranger()
        .await
        .post("/api/companies", json!({ "name": "Ash" }))
        .await;
    let id = made[2].rsplit('/').next().unwrap();
    let all = [
        "Straße 7",
        "ash & birch",
        "Ash",
        "ΟΔΟΣ",
        "Москва {1}",
        "株式会社",
        "\"x\" && \\y",
    ];
    let without = |gone: &[usize]| -> Vec<&str> {
        let left = all
            .iter()
            .enumerate()
            .filter(|(number, _)| !gone.contains(number));
        left.map(|(_, name)| *name).collect()
    };
    for (query, expected) in [
        ("", all.to_vec()),
        ("  ", all.to_vec()),
        (&format!("id={id}"), vec!["Ash"]),
        (&format!("id={}", id.to_uppercase()), vec!["Ash"]),
        (&format!("id!={id}"), without(&[2])),
        (&format!("id={NOBODY}"), vec![]),
        ("name=STRASSE 7", vec!["Straße 7"]),
        ("name = ASH", vec!["Ash"]),
        ("name~ash", vec!["ash & birch", "Ash"]),
        ("name=Ash & Birch", vec!["ash & birch"]),
        ("name=οδος", vec!["ΟΔΟΣ"]),
        ("name~МОС", vec!["Москва {1}"]),
        ("name=\"москва {1}\"", vec!["Москва {1}"]),
        ("name~式会", vec!["株式会社"]),
        (r#"name="\"X\" && \\Y""#, vec!["\"x\" && \\y"]),
        ("name~%", vec![]),
        ("name>=ash&&name<\"ash \"", vec!["Ash"]),
        ("name>=ash&&name<asi", vec!["ash & birch", "Ash"]),
        ("name!=ash", without(&[2])),
        ("description~LATE", vec!["Straße 7"]),
        ("description!=pays late", without(&[0])),
        ("description=\"\"", vec!["ΟΔΟΣ"]),
        ("description>=\"\"", vec!["Straße 7", "ΟΔΟΣ"]),
        ("created<2026-03-01T12:00:02Z", vec!["Straße 7"]),
        (
            "created<=2026-03-01T12:00:02.0000000Z",
            vec!["Straße 7", "ash & birch"],
        ),
        ("created=2026-03-01T13:00:02+01:00", vec!["ash & birch"]),
        ("created!=2026-03-01T12:00:02", without(&[1])),
        ("created>2026-03-02", vec![]),
        ("lastSync>2000-01-01", vec![]),
        ("lastSync=1970-01-01", vec![]),
        ("lastSync!=2026-01-01", all.to_vec()),
        ("dataConnections.status=linked", vec!["ash & birch"]),
        (
            "dataConnections.status=PENDINGAUTH",
            vec!["ash & birch", "Ash"],
        ),
        ("dataConnections.status!=Linked", without(&[1])),
        ("dataConnections.status!=PendingAuth", without(&[1, 2])),
        ("dataConnections.status~LINK", vec!["ash & birch"]),
        (
            "dataConnections.sourceType=accounting",
            vec!["ash & birch", "Ash"],
        ),
        ("dataConnections.sourceType!=accounting", without(&[1, 2])),
        ("dataConnections.sourceType=Banking", vec![]),
        (
            "dataConnections.platformName=SANDBOX",
            vec!["ash & birch", "Ash"],
        ),
        (
            "dataConnections.platformName~and",
            vec!["ash & birch", "Ash"],
        ),
        ("dataConnections.platformName!=sandbox", without(&[1, 2])),
        ("dataConnections.platformName=nothing", vec![]),
        ("name=ash||name=οδος&&description~x", vec!["Ash"]),
        ("{name=ash||name=οδος}&&description=\"\"", vec!["ΟΔΟΣ"]),
        (
            "dataConnections.status=PendingAuth && name!=ash",
            vec!["ash & birch"],
        ),
    ] {
        assert_eq!(
            names(&stage, &[("query", query)]).await,
            expected,
            "{query}"
        );
    }
}

#[tokio::test]
async fn companies_are_found_by_their_tags() {
    let stage = Stage::new().await;
    town(&stage).await;
    for (tags, expected) in [
        ("region=uk", vec!["ash & birch", "Ash"]),
        ("region=uk && team=invoice-finance", vec!["ash & birch"]),
        ("region=de||team~FINANCE", vec!["Straße 7", "ash & birch"]),
        ("Region=uk", vec![]),
        ("region~\"\"", vec!["Straße 7", "ash & birch", "Ash"]),
        ("region~team", vec![]),
        (
            "region!=uk",
            vec!["Straße 7", "ΟΔΟΣ", "Москва {1}", "株式会社", "\"x\" && \\y"],
        ),
    ] {
        assert_eq!(names(&stage, &[("tags", tags)]).await, expected, "{tags}");
    }
    let both = [
        ("tags", "region=uk"),
        ("query", "dataConnections.status=Linked"),
    ];
    assert_eq!(names(&stage, &both).await, ["ash & birch"]);
}

#[tokio::test]
async fn lists_follow_what_becomes_of_companies_and_connections() {
    let stage = Stage::new().await;
    let made = town(&stage).await;
    let linked = [("query", "dataConnections.status=Linked")];
    let connections = stage.api.get(&format!("{}/connections", made[1])).await;
    let path = format!(
        "{}/connections/{}",
        made[1],
        connections.at("/results/0/id")
    );
    let unlinked = stage
        .api
        .patch(&path, json!({ "status": "Unlinked" }))
        .await;
    assert_eq!(unlinked.status, 200, "{}", unlinked.text());
    assert_eq!(names(&stage, &linked).await, [""; 0]);
    let ended = [("query", "dataConnections.status=Unlinked")];
    assert_eq!(names(&stage, &ended).await, ["ash & birch"]);
    assert_eq!(stage.api.delete(&path).await.status, 200);
    assert_eq!(names(&stage, &ended).await, [""; 0]);
    assert_eq!(stage.api.delete(&made[1]).await.status, 204);
    assert_eq!(names(&stage, &[("tags", "region=uk")]).await, ["Ash"]);
    assert_eq!(
        names(&stage, &[("query", "dataConnections.status~\"\"")]).await,
        ["Ash"]
    );
}

#[tokio::test]
async fn companies_are_ordered_both_ways() {
    let stage = Stage::new().await;
    make(
        &stage,
        &[
            json!({ "name": "b" }),
            json!({ "name": "É" }),
            json!({ "name": "A" }),
            json!({ "name": "B" }),
        ],
    )
    .await;
    for (order, expected) in [
        ("created", ["b", "É", "A", "B"]),
        ("-created", ["B", "A", "É", "b"]),
        ("name", ["A", "b", "B", "É"]),
        ("-name", ["É", "B", "b", "A"]),
        // None was ever read: then by creation.
        ("lastSync", ["b", "É", "A", "B"]),
        ("-lastSync", ["B", "A", "É", "b"]),
    ] {
        assert_eq!(
            names(&stage, &[("orderBy", order)]).await,
            expected,
            "{order}"
        );
        let filtered = [("orderBy", order), ("query", "name!=nobody")];
        assert_eq!(names(&stage, &filtered).await, expected, "{order}");
    }
    let page = stage
        .api
        .get("/api/companies?orderBy=-name&pageSize=3&page=2")
        .await
        .json;
    assert_eq!(
        (&page["results"][0]["name"], &page["totalResults"]),
        (&json!("A"), &json!(4))
    );
}

#[tokio::test]
async fn integrations_and_connections_are_found_and_ordered() {
    let stage = Stage::new().await;
    let keys = async |parameters: &[(&str, &str)]| {
        list_of(&stage, "/api/integrations", parameters, "key").await
    };
    assert_eq!(keys(&[("query", "key=MQJO")]).await, ["mqjo"]);
    assert_eq!(
        keys(&[("query", "name~sandbox&&enabled=true&&sourceType=ACCOUNTING")]).await,
        ["mqjo"]
    );
    assert!(
        !keys(&[("query", "key!=mqjo")])
            .await
            .contains(&"mqjo".to_owned())
    );
    // The client has entered no registration.
    let mut off = keys(&[("query", "enabled=false")]).await;
    assert!(off.contains(&"gbol".to_owned()) && !off.contains(&"mqjo".to_owned()));
    off.extend(keys(&[("query", "enabled=true")]).await);
    off.sort_unstable();
    let mut sorted = keys(&[]).await;
    sorted.sort_unstable();
    assert_eq!(off, sorted);
    assert_eq!(keys(&[("orderBy", "key")]).await, sorted);
    sorted.reverse();
    assert_eq!(keys(&[("orderBy", "-key")]).await, sorted);
    for order in ["name", "-name", "sourceType", "enabled"] {
        assert_eq!(keys(&[("orderBy", order)]).await.len(), sorted.len());
    }

    let made = town(&stage).await;
    let list = format!("{}/connections", made[1]);
    let statuses =
        async |parameters: &[(&str, &str)]| list_of(&stage, &list, parameters, "status").await;
    // Made in the same moment.
    let both = statuses(&[]).await;
    let (linked, pending) = (["Linked".to_owned()], ["PendingAuth".to_owned()]);
    let by_status = [&linked[..], &pending[..]].concat();
    let backwards: Vec<_> = both.iter().rev().cloned().collect();
    assert!(both == by_status || backwards == by_status);
    for (query, expected) in [
        ("status=linked", &linked[..]),
        ("status!=Linked", &pending[..]),
        ("platformName=sandbox&&integrationKey=MQJO", &both[..]),
        ("sourceType=Banking", &[]),
        ("lastSync>2000-01-01", &[]),
        ("created>2026-01-01", &both[..]),
        (&format!("id={NOBODY}"), &[]),
    ] {
        assert_eq!(statuses(&[("query", query)]).await, expected, "{query}");
    }
    assert_eq!(statuses(&[("orderBy", "status")]).await, by_status);
    assert_eq!(
        statuses(&[("orderBy", "-status")]).await,
        ["PendingAuth", "Linked"]
    );
    for order in ["created", "lastSync", "platformName", "sourceType"] {
        assert_eq!(statuses(&[("orderBy", order)]).await, both, "{order}");
        let other = format!("-{order}");
        assert_eq!(statuses(&[("orderBy", &other)]).await, backwards, "{other}");
    }
}

#[tokio::test]
async fn links_carry_the_order_and_the_filters_on() {
    let stage = Stage::new().await;
    let rows: Vec<Value> = (0..5)
        .map(|n| json!({ "name": format!("Ö & {n}"), "tags": { "a b": "é+" } }))
        .collect();
    make(&stage, &rows).await;
    let (query, tags) = (encoded("name~ö & ||name=x"), encoded("\"a b\"=é+"));
    let first = format!("/companies?page=1&pageSize=2&orderBy=-created&query={query}&tags={tags}");
    let mut path = Some(first);
    let mut seen = Vec::new();
    while let Some(here) = path {
        let page = stage.api.get(&format!("/api{here}")).await;
        assert_eq!(
            (page.status, &page.json["totalResults"]),
            (200, &json!(5)),
            "{here}"
        );
        for one in page.json["results"].as_array().unwrap() {
            seen.push(one["name"].as_str().unwrap().to_owned());
        }
        assert_eq!(page.json["_links"]["self"]["href"], "/companies");
        let next = page.json["_links"]["next"]["href"].as_str();
        assert!(next.is_none_or(|next| next.is_ascii() && !next.contains(' ')));
        path = next.map(str::to_owned);
    }
    assert_eq!(seen, ["Ö & 4", "Ö & 3", "Ö & 2", "Ö & 1", "Ö & 0"]);
}

#[tokio::test]
async fn what_is_wrong_is_named_with_its_place() {
    let stage = Stage::new().await;
    let connections = format!("{}/connections", stage.company().await);
    for list in ["/api/companies", "/api/integrations", &connections] {
        for order in [
            "colour",
            "-",
            "--name",
            "Created,name",
            "name desc",
            "\0",
            "id",
        ] {
            let answer = stage
                .api
                .get(&format!("{list}?orderBy={}", encoded(order)))
                .await;
            assert_eq!(field(&answer), "orderBy", "{order}");
        }
        for (query, place) in [
            ("nothing", 1),
            ("sourceTyp=x", 1),
            ("'; DROP TABLE company; --=1", 1),
            ("{", 2),
            ("}", 1),
            ("\0", 1),
            ("ключ=x", 1),
        ] {
            let answer = stage
                .api
                .get(&format!("{list}?query={}", encoded(query)))
                .await;
            assert_eq!(field(&answer), "query", "{query}");
            let said = answer.at("/error");
            assert!(
                said.starts_with(&format!("query: at character {place}: ")),
                "{said}"
            );
            assert!(!said.contains("DROP"), "{said}");
        }
        let deep = encoded(&"{".repeat(2_000));
        let many = encoded(&["name=a"; 250].join("||"));
        let long = encoded(&format!("name={}", "x".repeat(2_044)));
        for query in [&deep, &many, &long] {
            let answer = stage.api.get(&format!("{list}?query={query}")).await;
            assert_eq!(field(&answer), "query");
        }
        let twice = stage.api.get(&format!("{list}?query=&query=")).await;
        assert_eq!(twice.status, 400);
    }
    for (tags, place) in [
        ("region", 7),
        ("region>uk", 7),
        ("=uk", 1),
        ("region=uk&&", 12),
    ] {
        let answer = stage
            .api
            .get(&format!("/api/companies?tags={}", encoded(tags)))
            .await;
        assert_eq!(field(&answer), "tags", "{tags}");
        let said = answer.at("/error");
        assert!(
            said.starts_with(&format!("tags: at character {place}: ")),
            "{said}"
        );
    }
    for list in ["/api/integrations", &connections] {
        let answer = stage.api.get(&format!("{list}?tags=region%3Duk")).await;
        assert_eq!(field(&answer), "tags");
    }
}
