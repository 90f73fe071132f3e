//! Every scenario of the table, as the third party's side shows it.

use std::collections::BTreeSet;

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{
    Answer, CLIENT, Place, as_strs, authorize, basic, encode, exchange_fields, form, tokens_of,
    usual, value, with,
};

impl Place {
    /// Signs in with what a request fixes.
    async fn fixed(&self, scenario: &str) -> String {
        let mut request = usual();
        request.push(("sandbox_scenario", scenario));
        value(&self.allow(&request).await, "code")
    }

    async fn tokens_by(&self, scenario: &str) -> Answer {
        self.exchange(&self.fixed(scenario).await).await
    }

    async fn call_api(&self, path: &str, token: &str) -> Answer {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        self.send(request, String::new()).await
    }
}

async fn table(place: &Place) -> Vec<Value> {
    let answer = place.get("/sandbox/scenarios").await;
    answer.json().as_array().unwrap().clone()
}

#[tokio::test]
async fn the_page_and_the_list_offer_the_same() {
    let place = Place::new().await;
    let page = place.get(&authorize(&usual())).await.body;
    let listed = table(&place).await;
    let offered: Vec<_> = page
        .split("<option value=\"")
        .skip(1)
        .map(|rest| rest.split_once('"').unwrap().0.to_owned())
        .collect();
    let named: Vec<_> = listed
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(offered, named);
    let said: BTreeSet<_> = listed
        .iter()
        .map(|one| one["what"].as_str().unwrap())
        .collect();
    assert_eq!(said.len(), named.len(), "two scenarios say the same");
    for what in said {
        assert!(!what.starts_with("sandbox-"), "{what} has no text");
    }
}

#[tokio::test]
async fn what_the_request_fixes_cannot_be_chosen_otherwise() {
    let place = Place::new().await;
    let mut request = usual();
    request.push(("sandbox_scenario", "later-slow:7"));
    let address = authorize(&request);
    let page = place.get(&address).await.body;
    for words in ["fixed by the address", "N is 7", "first renewal", "Go on"] {
        assert!(page.contains(words), "{words} in {page}");
    }
    assert!(!page.contains("Allow access"), "{page}");
    let mut request = usual();
    request.push(("sandbox_scenario", "decline"));
    // Whatever the form says.
    let answer = place
        .press(&authorize(&request), &[("outcome", "allow")])
        .await;
    let back = place.follow(&answer.location()).await;
    assert_eq!(value(&back, "error"), "access_denied");
    for unknown in ["", "nothing", "slow:1000"] {
        request.pop();
        request.push(("sandbox_scenario", unknown));
        let page = place.get(&authorize(&request)).await;
        let status = if unknown.is_empty() { 200 } else { 400 };
        assert_eq!(page.status.as_u16(), status, "{unknown}");
    }
}

#[tokio::test]
async fn who_signs_in_reaches_the_companies_of_the_scenario() {
    let place = Place::new().await;
    let reached = async |scenario: &str| {
        let answer = place.tokens_by(scenario).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let (access, _) = tokens_of(&answer);
        let listed = place.call_api("/sandbox/organisations", &access).await;
        let info = place.userinfo(&access).await.json();
        (listed, info)
    };
    let ids = |answer: &Answer| -> Vec<String> {
        let all = answer.json();
        let all = all.as_array().unwrap().iter();
        all.map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let (listed, info) = reached("allow").await;
    assert_eq!(ids(&listed), ["harbour-street-cycles"]);
    assert_eq!(info.get("organisations"), None);
    let (listed, info) = reached("several-entities").await;
    assert_eq!(
        ids(&listed),
        [
            "harbour-street-cycles",
            "marigold-bakery",
            "linden-and-oak-joinery"
        ]
    );
    assert_eq!(info["organisation"]["id"], "harbour-street-cycles");
    assert_eq!(info["organisations"].as_array().unwrap().len(), 3);
    let (listed, _) = reached("wrong-company").await;
    assert_eq!(ids(&listed), ["tidewater-instruments"]);
    let (refused, info) = reached("too-few-scopes").await;
    assert_eq!(refused.error(), (403, "insufficient_scope".to_owned()));
    assert_eq!(info.get("organisation"), None);
}

#[tokio::test]
async fn each_service_has_its_scope_its_name_and_its_rows() {
    let place = Place::new().await;
    for (scope, name, path) in [
        ("accounting", "Sandbox Accounting", "invoices"),
        ("banking", "Sandbox Banking", "transactions"),
        ("commerce", "Sandbox Commerce", "orders"),
    ] {
        let page = place.get(&authorize(&with("scope", scope))).await.body;
        assert!(page.contains(&format!("Sign in to {name}")), "{page}");
        let logo = super::between(&page, "<img src=\"", "\"");
        assert_eq!(logo, format!("/sandbox/{scope}.svg"));
        assert!(place.get(logo).await.body.contains("Sandbox"));
        let back = place.allow(&with("scope", scope)).await;
        let json = place.exchange(&value(&back, "code")).await.json();
        let access = json["access_token"].as_str().unwrap();
        for other in ["invoices", "transactions", "orders"] {
            let answer = place
                .call_api(&format!("/sandbox/api/{other}"), access)
                .await;
            let expected = if other == path { 200 } else { 403 };
            assert_eq!(answer.status.as_u16(), expected, "{scope} {other}");
        }
        let company = place.call_api("/sandbox/api/company", access).await;
        assert_eq!(company.json()["name"], "Harbour Street Cycles");
        let other = "/sandbox/api/company?organisation=marigold-bakery";
        assert_eq!(place.call_api(other, access).await.status.as_u16(), 400);
    }
}

/// What an exchange is answered with, and in which form.
#[tokio::test]
async fn answers_in_place_of_tokens_use_nothing_up() {
    let place = Place::new().await;
    for (scenario, status, kind, says) in [
        ("token-server-error", 500, "text/plain", "Internal"),
        (
            "token-unavailable:9",
            503,
            "application/json",
            "temporarily_unavailable",
        ),
        ("rate-limited:9", 429, "application/json", "rate_limited"),
        ("error-with-200", 200, "application/json", "server_error"),
        ("html", 200, "text/html", "<!doctype html>"),
    ] {
        let code = place.fixed(scenario).await;
        for _ in 0..2 {
            let answer = place.exchange(&code).await;
            assert_eq!(answer.status.as_u16(), status, "{scenario}");
            assert!(answer.header(CONTENT_TYPE).starts_with(kind), "{scenario}");
            assert!(answer.body.contains(says), "{}", answer.body);
            let waits = if status == 429 || status == 503 {
                "9"
            } else {
                ""
            };
            assert_eq!(answer.header(RETRY_AFTER), waits, "{scenario}");
            assert!(!answer.body.contains("access_token"));
        }
        // Later it is the renewal that goes so, and nothing is used up by that either.
        let later = place.tokens_by(&format!("later-{scenario}")).await;
        assert_eq!(later.json()["expires_in"], 60, "{scenario}");
        let (access, refresh) = tokens_of(&later);
        for _ in 0..2 {
            let answer = place.refresh(&refresh).await;
            assert_eq!(answer.status.as_u16(), status, "{scenario}");
        }
        let allow = json!({"scenario": "allow"}).to_string();
        let directed = place.direct(&access, allow).await;
        assert_eq!(directed.status, StatusCode::OK, "{}", directed.body);
        assert_eq!(place.refresh(&refresh).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn endless_answers_are_sent_bit_by_bit() {
    let place = Place::new().await;
    let send = async |scenario: &str| {
        let fields = exchange_fields(&place.fixed(scenario).await);
        let request = form(http::Method::POST, "/sandbox/token")
            .header("authorization", basic(CLIENT))
            .body(axum::body::Body::from(encode(&as_strs(&fields))))
            .unwrap();
        let response = place.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.into_body()
    };
    let mut body = send("oversized").await;
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        length += frame.unwrap().into_data().unwrap().len();
    }
    assert!(length > 100_000_000, "{length}");
    let mut body = send("reset").await;
    assert!(body.frame().await.unwrap().is_ok());
    assert!(body.frame().await.unwrap().is_err());
    let mut body = send("trickle").await;
    for _ in 0..2 {
        let data = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(data.len(), 1);
    }
}

#[tokio::test]
async fn tokens_come_in_the_form_of_the_scenario() {
    let place = Place::new().await;
    for (scenario, expires) in [
        ("expires-text", json!("3600")),
        ("expires-float", json!(3600.5)),
        ("expires-zero", json!(0)),
        ("expires-null", json!(null)),
        ("expires-huge", json!(u64::MAX)),
        ("expires:5", json!(5)),
    ] {
        let answer = place.tokens_by(scenario).await;
        assert_eq!(answer.json()["expires_in"], expires, "{scenario}");
        let (access, refresh) = tokens_of(&answer);
        assert_eq!(place.userinfo(&access).await.status, StatusCode::OK);
        let again = place.refresh(&refresh).await.json();
        assert_eq!(again["expires_in"], expires, "{scenario}");
    }
    let json = place.tokens_by("expires-missing").await.json();
    assert!(json.get("expires_in").is_none() && json.get("refresh_token").is_some());
    let json = place.tokens_by("refresh-missing").await.json();
    assert!(json.get("expires_in").is_some() && json.get("refresh_token").is_none());
    let json = place.tokens_by("refresh-empty").await.json();
    assert_eq!(json["refresh_token"], "");

    let answer = place.tokens_by("form").await;
    let kind = "application/x-www-form-urlencoded";
    assert_eq!(answer.header(CONTENT_TYPE), kind);
    assert!(answer.body.contains("&token_type=Bearer&expires_in=3600"));
    let answer = place.tokens_by("byte-order-mark").await;
    let json = answer.body.strip_prefix('\u{feff}').unwrap();
    let json: Value = serde_json::from_str(json).unwrap();
    assert_eq!(json["expires_in"], 3600);
}

#[tokio::test]
async fn a_renewal_without_a_refresh_token_leaves_the_old_one_good() {
    let place = Place::new().await;
    for scenario in ["later-refresh-missing", "later-refresh-empty"] {
        let (_, refresh) = tokens_of(&place.tokens_by(scenario).await);
        for _ in 0..3 {
            let answer = place.refresh(&refresh).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
            let token = answer.json().get("refresh_token").cloned();
            assert!(token.is_none_or(|token| token == ""), "{scenario}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_gets_lost_ends_the_grant_at_the_next_try() {
    let place = Place::new().await;
    let (access, refresh) = tokens_of(&place.tokens_by("answer-lost").await);
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
    ];
    let request = form(http::Method::POST, "/sandbox/token")
        .header("authorization", basic(CLIENT))
        .body(axum::body::Body::from(encode(&fields)))
        .unwrap();
    let response = place.router.clone().oneshot(request).await.unwrap();
    assert!(response.into_body().collect().await.is_err());
    let again = place.refresh(&refresh).await;
    assert_eq!(again.error(), (400, "invalid_grant".to_owned()));
    assert_eq!(place.userinfo(&access).await.status.as_u16(), 401);
}

#[tokio::test]
async fn a_grant_ends_when_the_scenario_says() {
    let place = Place::new().await;
    let (access, refresh) = tokens_of(&place.tokens_by("revoked:30").await);
    place.wait(29);
    assert_eq!(place.userinfo(&access).await.status, StatusCode::OK);
    place.wait(1);
    assert_eq!(place.userinfo(&access).await.status.as_u16(), 401);
    let refused = place.refresh(&refresh).await;
    assert_eq!(refused.error(), (400, "invalid_grant".to_owned()));

    let (access, _) = tokens_of(&place.tokens_by("expires:30").await);
    place.wait(30);
    assert_eq!(place.userinfo(&access).await.status.as_u16(), 401);
}

#[tokio::test]
async fn calls_go_as_the_scenario_says() {
    let place = Place::new().await;
    let company = "/sandbox/api/company";
    let (access, refresh) = tokens_of(&place.tokens_by("calls-token-refused").await);
    let refused = place.call_api(company, &access).await;
    assert_eq!(refused.error(), (401, "invalid_token".to_owned()));
    // Who signed in is told all the same: the sign-in goes well.
    assert_eq!(place.userinfo(&access).await.status, StatusCode::OK);
    let (renewed, _) = tokens_of(&place.refresh(&refresh).await);
    assert_eq!(
        place.call_api(company, &renewed).await.status,
        StatusCode::OK
    );

    let (access, _) = tokens_of(&place.tokens_by("calls-unavailable:4").await);
    let answer = place.call_api(company, &access).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header(RETRY_AFTER)),
        (503, "4")
    );

    // The tests' clock begins with an open turn of ten seconds.
    let (access, _) = tokens_of(&place.tokens_by("calls-rate-limited:10").await);
    assert_eq!(
        place.call_api(company, &access).await.status,
        StatusCode::OK
    );
    place.wait(13);
    let answer = place.call_api(company, &access).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header(RETRY_AFTER)),
        (429, "7")
    );
    place.wait(7);
    assert_eq!(
        place.call_api(company, &access).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn an_echo_shows_the_call_and_not_the_token() {
    let place = Place::new().await;
    let (access, _) = place.tokens().await;
    let request = Request::patch("/sandbox/api/echo/a%20b/c?x=1&y=2")
        .header("authorization", format!("Bearer {access}"))
        .header("x-own", "value");
    let answer = place.send(request, "the body".to_owned()).await;
    let json = answer.json();
    assert_eq!(json["method"], "PATCH");
    assert_eq!(json["path"], "/sandbox/api/echo/a%20b/c");
    assert_eq!(json["query"], "x=1&y=2");
    assert_eq!(json["body"], "the body");
    assert_eq!(json["headers"], json!([["x-own", "value"]]));
    assert!(!answer.body.contains(&access));
    let nobody = place.get("/sandbox/api/echo").await;
    assert_eq!(nobody.error(), (401, "invalid_request".to_owned()));
}

impl Place {
    async fn direct(&self, token: &str, body: String) -> Answer {
        let request = Request::put("/sandbox/api/scenario")
            .header("authorization", format!("Bearer {token}"))
            .header(CONTENT_TYPE, "application/json");
        self.send(request, body).await
    }
}

#[tokio::test]
async fn whoever_has_the_token_says_how_it_goes_on() {
    let place = Place::new().await;
    let (access, refresh) = place.tokens().await;
    for bad in [
        "",
        "{}",
        r#"{"scenario": "nothing"}"#,
        r#"{"scenario": "decline"}"#,
        r#"{"scenario": "html", "more": 1}"#,
    ] {
        let answer = place.direct(&access, bad.to_owned()).await;
        assert_eq!(answer.error(), (400, "invalid_request".to_owned()), "{bad}");
    }
    let answer = place
        .direct(&access, r#"{"scenario": "rate-limited"}"#.to_owned())
        .await;
    assert_eq!(answer.json(), json!({"scenario": "rate-limited:30"}));
    assert_eq!(place.refresh(&refresh).await.status.as_u16(), 429);
    let told = place.call_api("/sandbox/api/scenario", &access).await;
    assert_eq!(told.json(), json!({"scenario": "rate-limited:30"}));
    // At once.
    place
        .direct(&access, r#"{"scenario": "revoked:0"}"#.to_owned())
        .await;
    assert_eq!(place.userinfo(&access).await.status.as_u16(), 401);
    let over = place
        .direct(&access, r#"{"scenario": "allow"}"#.to_owned())
        .await;
    assert_eq!(over.status.as_u16(), 401);
}

/// The table in the documentation is this table.
#[tokio::test]
async fn the_scenarios_are_documented() {
    const FROM: &str = "documented -->\n";
    const TO: &str = "<!-- end of scenarios -->";
    let written = include_str!("../../../../docs/api/sandbox.md");
    let (before, rest) = written.split_once(FROM).unwrap();
    let (_, after) = rest.split_once(TO).unwrap();
    let place = Place::new().await;
    let mut made = format!("{before}{FROM}");
    let mut group = Value::Null;
    for one in table(&place).await {
        if one["group"] != group {
            group = one["group"].clone();
            let title = group.as_str().unwrap();
            made.push_str(&format!(
                "\n### {title}\n\n| name | what happens | seconds |\n| --- | --- | --- |\n"
            ));
        }
        let seconds = match one.get("seconds") {
            Some(seconds) => format!("{}, at most {}", seconds["usual"], seconds["most"]),
            None => String::new(),
        };
        let (name, what) = (one["name"].as_str().unwrap(), one["what"].as_str().unwrap());
        made.push_str(&format!("| `{name}` | {what} | {seconds} |\n"));
    }
    made.push_str(&format!("\n{TO}{after}"));
    handclasp_testkit::committed("docs/api/sandbox.md", &made);
}
