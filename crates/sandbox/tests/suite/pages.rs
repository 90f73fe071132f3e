//! What the person sees.

use std::path::Path;

use handclasp_web::i18n::check;
use http::header::{CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, SET_COOKIE};
use http::{Method, StatusCode};

use super::{Answer, Place, authorize, between, encode, form, unescape, usual, value, with};

const ALLOW: [(&str, &str); 2] = [("organisation", "marigold-bakery"), ("outcome", "allow")];

/// Every page there is, each in a language.
async fn all(place: &Place, language: &str) -> Vec<Answer> {
    let sign_in = authorize(&usual());
    let unknown = authorize(&with("client_id", "nobody"));
    let back = place
        .press(&authorize(&with("ui_locales", language)), &ALLOW)
        .await
        .location();
    let mut pages = Vec::new();
    for address in [&sign_in, &unknown, &back] {
        pages.push(place.get_in(address, language).await);
    }
    place.wait(60);
    pages.push(place.get_in(&back, language).await);
    pages.push(place.get_in("/sandbox/grants", language).await);
    pages
}

#[tokio::test]
async fn every_page_speaks_english_and_german() {
    let place = Place::new().await;
    for (language, titles) in [
        (
            "en",
            [
                "Sign in to Sandbox Accounting",
                "We do not know who is asking",
                "Back to Northwind &#60;Lending&#62;",
                "This sign-in has run out",
                "Access that you allowed",
            ],
        ),
        (
            "de",
            [
                "Bei Sandbox Accounting anmelden",
                "Wir wissen nicht, wer fragt",
                "Zurück zu Northwind &#60;Lending&#62;",
                "Diese Anmeldung ist abgelaufen",
                "Zugriff, den Sie erlaubt haben",
            ],
        ),
    ] {
        for (page, title) in all(&place, language).await.iter().zip(titles) {
            assert!(
                page.body.contains(&format!("<html lang=\"{language}\"")),
                "{}",
                page.body
            );
            assert_eq!(page.body.matches("<h1>").count(), 1, "{}", page.body);
            assert_eq!(between(&page.body, "<h1>", "</h1>"), title);
            assert!(
                !page.body.contains(">sandbox-"),
                "a key shows: {}",
                page.body
            );
        }
    }
}

#[tokio::test]
async fn every_page_keeps_to_the_policy() {
    let place = Place::new().await;
    for page in all(&place, "en").await {
        let policy = page.header(CONTENT_SECURITY_POLICY);
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(policy.contains("form-action 'self'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header(REFERRER_POLICY), "same-origin");
        assert_eq!(page.header("x-robots-tag"), "noindex, nofollow");
        for bad in [
            " style=",
            " onclick=",
            " onload=",
            "<style>",
            "<script>",
            "javascript:",
        ] {
            assert!(!page.body.contains(bad), "{bad} in {}", page.body);
        }
        assert_eq!(page.body.matches("<style nonce=").count(), 1);
    }
}

#[tokio::test]
async fn the_request_chooses_the_language_before_the_browser() {
    let place = Place::new().await;
    for (wanted, browser, speaks) in [
        ("de", "en", "de"),
        ("fr de-AT en", "en", "de"),
        ("fr", "de", "de"),
        ("", "de-CH, en;q=0.5", "de"),
        ("", "fr", "en"),
    ] {
        let page = place
            .get_in(&authorize(&with("ui_locales", wanted)), browser)
            .await;
        let lang = between(&page.body, "<html lang=\"", "\"");
        assert_eq!(lang, speaks, "{wanted} {browser}");
    }
}

#[tokio::test]
async fn the_sign_in_page_says_who_asks_for_what() {
    let place = Place::new().await;
    let page = place.get(&authorize(&usual())).await;
    assert_eq!(page.status, StatusCode::OK);
    for words in [
        "A test service built into Handclasp",
        "Northwind &#60;Lending&#62; asks to read the books",
        "sam.taylor@sandbox.example",
        "Linden &#38; Oak Joinery",
        "invoices, bills",
        "until you end it",
    ] {
        assert!(page.body.contains(words), "{words} in {}", page.body);
    }
    assert!(!page.body.contains("who you are"), "{}", page.body);
    for scope in ["openid", "profile", "email"] {
        let scope = format!("accounting {scope}");
        let page = place.get(&authorize(&with("scope", &scope))).await;
        assert!(page.body.contains("books of one"), "{}", page.body);
        assert!(page.body.contains("who you are"), "{}", page.body);
    }
    // What is not asked for is not said.
    let page = place.get(&authorize(&with("scope", "accounting"))).await;
    assert!(!page.body.contains("until you end it"));
    let page = place
        .get(&authorize(&with("scope", "offline_access")))
        .await;
    assert!(!page.body.contains("books of one"), "{}", page.body);
}

#[tokio::test]
async fn every_control_has_a_name() {
    let place = Place::new().await;
    let page = place.get(&authorize(&usual())).await.body;
    let mut controls = 0;
    for input in page
        .split("<input ")
        .skip(1)
        .map(|rest| &rest[..rest.find('>').unwrap()])
    {
        if input.contains("type=\"hidden\"") {
            continue;
        }
        let id = between(input, "id=\"", "\"");
        assert!(page.contains(&format!("for=\"{id}\"")), "{id} has no label");
        controls += 1;
    }
    assert_eq!(controls, 6);
    let group = between(&page, "role=\"radiogroup\" aria-labelledby=\"", "\"");
    assert!(page.contains(&format!("id=\"{group}\"")));
    let buttons: Vec<_> = page
        .split("<button ")
        .skip(1)
        .map(|rest| between(rest, ">", "</button>"))
        .collect();
    assert_eq!(
        buttons,
        ["Go on with this outcome", "Allow access", "Decline"]
    );
    assert_eq!(page.matches("class=\"button primary\"").count(), 1);
    assert_eq!(page.matches(" checked").count(), 1);
}

#[tokio::test]
async fn the_form_works_as_it_stands_on_the_page() {
    let place = Place::new().await;
    let page = place
        .get(&authorize(&with("state", "a\"'><b>&c")))
        .await
        .body;
    let action = unescape(between(&page, "<form method=\"post\" action=\"", "\""));
    let chosen = between(&page, "name=\"organisation\" value=\"", "\"");
    let fields = [("organisation", chosen), ("outcome", "allow")];
    let answer = place.press(&action, &fields).await;
    let back = place.follow(&answer.location()).await;
    assert_eq!(value(&back, "state"), "a\"'><b>&c");
    assert_eq!(
        place.exchange(&value(&back, "code")).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn only_the_page_itself_can_answer_for_the_person() {
    let place = Place::new().await;
    let address = authorize(&usual());
    let page = place.get(&address).await;
    let cookie = page.header(SET_COOKIE).split(';').next().unwrap();
    let token = between(&page.body, "name=\"_csrf\" value=\"", "\"");
    let action = unescape(between(&page.body, "<form method=\"post\" action=\"", "\""));
    let post = || form(Method::POST, &action);
    let mut fields = ALLOW.to_vec();
    fields.push(("_csrf", token));

    for foreign in [
        post()
            .header("sec-fetch-site", "cross-site")
            .header("cookie", cookie),
        post()
            .header("sec-fetch-site", "same-site")
            .header("cookie", cookie),
        post()
            .header("origin", "http://127.0.0.1:3000")
            .header("cookie", cookie),
        post().header("origin", "null"),
        post(),
    ] {
        let answer = place.send(foreign, encode(&fields)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(!answer.headers.contains_key(LOCATION));
    }
    // An old browser that sends neither header has the token.
    let answer = place
        .send(post().header("cookie", cookie), encode(&fields))
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let answer = place
        .send(post().header("cookie", cookie), encode(&ALLOW))
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_way_back_leads_only_where_we_laid_it() {
    let place = Place::new().await;
    let way = place.press(&authorize(&usual()), &ALLOW).await.location();
    let (access, _) = place.tokens().await;
    let forged = super::changed(&way, way.len() - 4);
    let other_kind = format!("/sandbox/return?to={access}");
    for address in [
        "/sandbox/return",
        "/sandbox/return?to=",
        "/sandbox/return?to=https://evil.example/",
        &forged,
        &other_kind,
    ] {
        let page = place.get(address).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{address}");
        assert!(!page.body.contains("http-equiv"));
    }
}

#[tokio::test]
async fn looking_keeps_nothing() {
    let place = Place::new().await;
    let dir = tempfile::tempdir().unwrap();
    let grants = async |name: &str| {
        let path = dir.path().join(name);
        place.store.backup_to(&path).await.unwrap();
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(10).filter(|w| w == b"sam-taylor").count()
    };
    for page in all(&place, "en").await {
        assert!(page.status.as_u16() < 500);
    }
    assert_eq!(grants("before").await, 0);
    place.tokens().await;
    assert!(grants("after").await > 0);
}

#[tokio::test]
async fn the_pages_have_their_assets_and_other_addresses_are_a_page() {
    let place = Place::new().await;
    let page = place.get(&authorize(&usual())).await.body;
    let css = between(&page, "<link rel=\"stylesheet\" href=\"", "\"");
    assert_eq!(place.get(css).await.status, StatusCode::OK);
    let logo = between(&page, "<img src=\"", "\"");
    assert_eq!(
        place.get(logo).await.header("content-type"),
        "image/svg+xml"
    );
    let nowhere = place.get("/sandbox/nowhere").await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    assert!(nowhere.body.contains("<h1>"));
    let wrong = place
        .send(form(Method::DELETE, "/sandbox/authorize"), String::new())
        .await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[test]
fn every_text_exists_and_is_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (src, templates) = (root.join("src"), root.join("templates"));
    let dirs: [&Path; 2] = [&src, &templates];
    assert_eq!(check::missing_keys(&dirs).unwrap(), Vec::<String>::new());
    assert_eq!(
        check::unused_keys("sandbox.ftl", &dirs, &["sandbox-does-"]).unwrap(),
        Vec::<String>::new()
    );
}
