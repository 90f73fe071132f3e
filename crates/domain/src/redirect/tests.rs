use std::borrow::Cow;

use proptest::prelude::*;

use super::values::ConnectionValues;
use super::*;
use crate::{ClientId, Id, SourceType};

fn values(custom: &[(&str, &str)]) -> RedirectValues {
    let id = uuid::Uuid::from_u128(0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8);
    RedirectValues {
        client: ClientId::from_uuid(id),
        company: Some(Id::from_uuid(id)),
        connection: Some(ConnectionValues {
            id: Id::from_uuid(id),
            integration: Id::from_uuid(id),
            source: Id::from_uuid(id),
            platform: "gbol".parse().unwrap(),
            platform_name: "Xero".into(),
            source_type: SourceType::Accounting,
            sandbox: false,
            company_name: "Müller & Söhne".into(),
        }),
        outcome: Outcome::Left,
        status_text: "access_denied".into(),
        custom: CustomParameters::from_query(
            custom
                .iter()
                .map(|(k, v)| (Cow::Borrowed(*k), Cow::Borrowed(*v))),
        ),
    }
}

fn resolve(
    template: &str,
    custom: &[(&str, &str)],
    allowed: &[&str],
) -> Result<String, RedirectRefusal> {
    let allowed: Vec<_> = allowed
        .iter()
        .map(|a| AllowedOrigin::parse("x", a).unwrap())
        .collect();
    RedirectTemplate::parse(template)
        .unwrap()
        .resolve(&values(custom), &allowed)
        .map(Into::into)
}

#[test]
fn placeholders_are_filled() {
    for (template, expected) in [
        ("https://p.example/done", "https://p.example/done#"),
        ("https://p.example", "https://p.example/#"),
        (
            "https://p.example/a?x=1#part",
            "https://p.example/a?x=1#part",
        ),
        (
            "https://p.example/{platform}/{sourceType}?s={statusCode}&m={errorMessage}&t={statusText}",
            "https://p.example/gbol/accounting?s=403&m=User%20cancelled&t=access_denied#",
        ),
        (
            "https://p.example/?n={data.company.companyName}",
            "https://p.example/?n=M%C3%BCller%20%26%20S%C3%B6hne#",
        ),
        ("https://p.example/{companyid}", "https://p.example/#"),
        (
            "https://p.example/{openId_email}/x",
            "https://p.example//x#",
        ),
        (
            "https://p.example/{integrationType}?c={connectionId}",
            "https://p.example/accounting?c=67e55044-10b1-426f-9247-bb680e5fe0c8#",
        ),
        (
            "HTTP://p.example:8080/{platformName}",
            "http://p.example:8080/Xero#",
        ),
        ("https://[::1]:8443/{a}", "https://[::1]:8443/#"),
    ] {
        assert_eq!(
            resolve(template, &[], &[]).as_deref(),
            Ok(expected),
            "{template}"
        );
    }
    // The specification's own example.
    let bank = "https://www.mybank.io/{journeyType}/success";
    assert_eq!(
        resolve(bank, &[], &[]).unwrap(),
        "https://www.mybank.io//success#"
    );
    assert_eq!(
        resolve(bank, &[("journeyType", "a/b?c#d\r\n")], &[]).unwrap(),
        "https://www.mybank.io/a%2Fb%3Fc%23d%0D%0A/success#"
    );
    for dots in [".", "..", "%2e", "%2E%2e"] {
        let got = resolve(bank, &[("journeyType", dots)], &[]).unwrap();
        assert!(
            got == "https://www.mybank.io//success#" || got.contains("/%252"),
            "{got}"
        );
    }
    assert_eq!(
        resolve(
            "https://www.mybank.io/x/{a}{b}/y",
            &[("a", "."), ("b", ".")],
            &[]
        )
        .unwrap(),
        "https://www.mybank.io/x//y#"
    );
}

#[test]
fn custom_parameters_never_shadow_reserved_names() {
    let got = resolve(
        "https://p.example/{statusCode}",
        &[("statusCode", "200")],
        &[],
    )
    .unwrap();
    assert_eq!(got, "https://p.example/403#");
}

#[test]
fn dynamic_hosts_need_the_list() {
    let whole = "https://{website}/success";
    let part = "https://{region}.mybank.io/success";
    let allowed = ["https://www.mybank.io", "https://eu.mybank.io:443/any/path"];
    assert_eq!(
        resolve(whole, &[("website", "www.mybank.io")], &allowed).unwrap(),
        "https://www.mybank.io/success#"
    );
    assert_eq!(
        resolve(whole, &[("website", "WWW.MyBank.io")], &allowed).unwrap(),
        "https://www.mybank.io/success#"
    );
    assert_eq!(
        resolve(part, &[("region", "eu")], &allowed).unwrap(),
        "https://eu.mybank.io/success#"
    );
    assert_eq!(
        resolve(part, &[("region", "eu")], &[]),
        Err(RedirectRefusal::OriginNotAllowed)
    );
    assert_eq!(
        resolve(whole, &[("website", "evil.example")], &allowed),
        Err(RedirectRefusal::OriginNotAllowed)
    );
    for hostile in [
        "",
        "www.mybank.io.",
        ".www.mybank.io",
        "www.mybank.io@evil.example",
        "evil.example/",
        "evil.example#",
        "evil.example?",
        "evil.example\\",
        "www.mybank.io:8443",
        "ｗｗｗ.mybank.io",
        "www.mybank.io\t",
        "www.mybank.io\n",
        "www%2emybank.io",
        "[::1]",
    ] {
        assert_eq!(
            resolve(whole, &[("website", hostile)], &allowed),
            Err(RedirectRefusal::HostValue),
            "{hostile}"
        );
    }
}

#[test]
fn settings_are_checked_when_saved() {
    for bad in [
        "",
        "mybank.io",
        "//mybank.io",
        "javascript:alert(1)",
        "ftp://mybank.io",
        "https://",
        "https:///x",
        "https://{clientId}.mybank.io/",
        "https://{openId_email}/",
        "https://mybank.io:{port}/",
        "https://user@mybank.io/",
        "https://user:pw@mybank.io/",
        "https://{a}@mybank.io/",
        "https://mybank.io\\@evil.example/",
        "https://my bank.io/",
        "https://mybank.io/\n",
        "https://mybank.io/{",
        "https://mybank.io/}",
        "https://mybank.io/{}",
        "https://mybank.io/{a b}",
        "https://mybank.io/{{a}}",
        "https://mybank.io/../x",
        "https://mybank.io/.{a}",
        "https://mybank.io/%2e%2E{a}",
        "https://my%62ank.io/",
        "https://mybank.io:99999/",
        "https://mybank.io/{signature}",
        "{scheme}://mybank.io/",
        "https://mybank.io:443{a}/",
    ] {
        assert!(RedirectTemplate::parse(bad).is_err(), "{bad}");
    }
    for bad in [
        "",
        "mybank.io",
        "javascript:x",
        "https://u@mybank.io",
        "https://mybank.io\\x",
        "https://my\tbank.io",
        "https://{region}.mybank.io",
        "https://*.mybank.io",
    ] {
        assert!(
            AllowedOrigin::parse("whiteListUrls[0]", bad).is_err(),
            "{bad}"
        );
    }
}

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z./\\\\@:?#%\\[\\]\t\r\n {}&=+-]{0,24}",
        Just("https://evil.example/".to_owned()),
        Just("//evil.example".to_owned()),
        Just("evil.example".to_owned()),
        Just("@evil.example".to_owned()),
        Just("%00%0d%0aLocation:".to_owned()),
        Just("{platform}".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Whatever the values, the result stands on an allowed origin, has as many segments and parameters as the setting, and
    /// exactly one fragment, the setting's.
    #[test]
    fn no_value_leaves_its_place(a in hostile(), b in hostile(), c in hostile(), host in hostile()) {
        let custom = [("a", a.as_str()), ("b", b.as_str()), ("c", c.as_str()), ("h", host.as_str())];
        for template in ["https://p.example/x/{a}/y{b}?q={c}&r={a}#f{b}", "http://p.example:81/{a}{b}/?{c}=1#f{a}"] {
            let url = Url::parse(&resolve(template, &custom, &[]).unwrap()).unwrap();
            prop_assert_eq!(url.host_str(), Some("p.example"));
            prop_assert!(url.username().is_empty() && url.password().is_none());
            prop_assert_eq!(url.path().matches('/').count(), template.split('?').next().unwrap().matches('/').count() - 2);
            let query = template.split('?').nth(1).unwrap().split('#').next().unwrap();
            prop_assert_eq!(url.query_pairs().count(), query.matches('&').count() + 1);
            prop_assert!(url.as_str().is_ascii());
            prop_assert_eq!(url.as_str().matches('#').count(), 1);
            prop_assert!(!url.as_str().contains(['\r', '\n', '\t', ' ', '\\']));
        }
        for template in ["https://{h}/{a}", "https://{h}.p.example/{b}?{c}", "https://x-{h}:8443/"] {
            let allowed = ["https://p.example", "https://eu.p.example", "https://x-1:8443"];
            if let Ok(text) = resolve(template, &custom, &allowed) {
                let origin = AllowedOrigin::of(&Url::parse(&text).unwrap()).unwrap();
                prop_assert!(allowed.iter().any(|one| AllowedOrigin::parse("x", one).unwrap() == origin), "{}", text);
            }
        }
    }

    /// No setting makes it panic.
    #[test]
    fn no_setting_panics(text in any::<String>(), near in "https://[a-z{}.:@/?#%-]{0,30}") {
        for text in [text, near] {
            if let Ok(template) = RedirectTemplate::parse(&text) {
                let _result = template.resolve(&values(&[]), &[]);
            }
        }
    }
}
