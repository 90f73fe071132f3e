//! Declarations good and bad.

use url::Url;

use super::*;
use crate::Values;
use crate::oauth2::{
    ClientAuthentication, Pkce, Quirk, RefreshTokens, RevocationWay, ScopeSeparator,
};
use crate::tests::code_flow;

const LOGO: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"></svg>"#;

/// A declaration with every field, but those that go with another kind of authorization.
const FULL: &str = include_str!("full.toml");

fn origins() -> Origins {
    Origins::new(&Url::parse("http://localhost:8080").unwrap()).unwrap()
}

fn load(declaration: &str) -> Result<Catalogue, CatalogueError> {
    let folder = Folder {
        path: "integrations/acme",
        declaration,
        logo: LOGO,
    };
    Catalogue::parse(&[folder], &origins())
}

#[test]
fn the_embedded_ones_are_all_right_and_the_sandbox_is_among_them() {
    let catalogue = Catalogue::embedded(&origins()).unwrap();
    let sandbox = catalogue.get("mqjo".parse().unwrap()).unwrap();
    assert_eq!(sandbox.name, "Sandbox");
    assert!(sandbox.sandbox);
    assert!(sandbox.data_types.len() > 20);
    let code = code_flow(sandbox);
    let known: Values = [("sandbox", "http://localhost:8080")].into_iter().collect();
    let at = |path: &str| format!("http://localhost:8080/sandbox{path}");
    let stands = |endpoint: &crate::Endpoint| endpoint.url(&known).unwrap().to_string();
    assert_eq!(stands(&code.authorization_endpoint), at("/authorize"));
    assert_eq!(stands(&code.token.endpoint), at("/token"));
    let RevocationWay::Rfc7009 { endpoint, .. } = &code.token.revocation else {
        panic!()
    };
    assert_eq!(stands(endpoint), at("/revoke"));
    let issuer = code.issuer.as_ref().unwrap();
    assert_eq!(issuer.value.fill(&known).unwrap(), at(""));
    assert!(issuer.in_callback);
    assert_eq!(
        code.token.client_authentication,
        ClientAuthentication::Basic
    );
    assert_eq!(code.pkce, Pkce::S256);
    assert_eq!(code.token.refresh_tokens, RefreshTokens::Rotate);
}

#[test]
fn there_is_a_sandbox_of_each_kind_and_each_is_built_in() {
    let catalogue = Catalogue::embedded(&origins()).unwrap();
    let mut seen = Vec::new();
    for (key, name, scope) in [
        ("mqjo", "Sandbox", "accounting"),
        ("sbnk", "Banking Sandbox", "banking"),
        ("aiwb", "Commerce Sandbox", "commerce"),
    ] {
        let found = catalogue.get(key.parse().unwrap()).unwrap();
        assert_eq!((found.name.as_str(), found.sandbox), (name, true));
        assert!(found.is_built_in());
        assert_eq!(found.source_type.as_lower(), scope);
        assert_eq!(found.scopes(), [scope, "offline_access"]);
        let of_kind = found.data_types.iter().filter(|kind| {
            let name = kind.as_str();
            name.starts_with(&format!("{scope}-")) || (scope == "accounting" && !name.contains('-'))
        });
        assert_eq!(of_kind.count(), found.data_types.len(), "{key}");
        seen.push(&found.logo);
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 3, "each has a logo of its own");
}

/// Pages of ours forbid styles in attributes, scripts and other hosts; a logo that needs one would look broken.
#[test]
fn embedded_logos_need_nothing_that_our_policy_forbids() {
    for integration in Catalogue::embedded(&origins()).unwrap().iter() {
        let logo = integration.logo.replace("http://www.w3.org/2000/svg", "");
        for forbidden in [
            "style",
            "<script",
            "href",
            "url(",
            "http",
            "<foreignObject",
            "<!",
            " on",
            "<image",
        ] {
            assert!(
                !logo.contains(forbidden),
                "{}: {forbidden}",
                integration.key
            );
        }
    }
}

#[test]
fn every_field_is_read() {
    let catalogue = load(FULL).unwrap();
    assert_eq!(catalogue.iter().len(), 1);
    let acme = catalogue.get("acme".parse().unwrap()).unwrap();
    assert_eq!(
        (acme.name.as_str(), acme.order, acme.sandbox),
        ("Acme Books", 10, false)
    );
    assert_eq!(acme.source_type.as_str(), "Commerce");
    assert!(!acme.is_built_in());
    assert_eq!(acme.logo, LOGO);
    assert_eq!(
        acme.data_types
            .iter()
            .map(|t| t.as_str())
            .collect::<Vec<_>>(),
        ["commerce-orders", "invoices"]
    );
    let code = code_flow(acme);
    assert_eq!(code.token.client_authentication, ClientAuthentication::Post);
    assert_eq!(code.pkce, Pkce::Unsupported);
    assert_eq!(code.token.scope_separator, ScopeSeparator::Comma);
    assert_eq!(code.token.refresh_tokens, RefreshTokens::Stay);
    assert_eq!(code.token.scopes, ["orders:read", "profile"]);
    assert_eq!(code.token.required_scopes, ["orders:read"]);
    assert_eq!(code.token.quirks, [Quirk::NoGrantType]);
    assert!(code.token.revocation_ends_grant);
    assert_eq!(code.authorize_parameters["prompt"].as_str(), "consent");
    let names: Vec<_> = acme
        .operator
        .iter()
        .map(|field| (field.name.as_str(), field.label.as_str(), field.secret))
        .collect();
    assert_eq!(
        names,
        [
            ("client_id", "Application ID", false),
            ("client_secret", "Client secret", true),
            ("subscription_key", "Subscription key", true),
            ("redirect_name", "Name of the redirect address", false),
            ("draft", "Draft", false),
        ]
    );
    assert!(acme.unverified && acme.mobile == crate::Mobile::Awkward);
    assert_eq!(acme.brand.color.as_deref(), Some("#13b5ea"));
    let account = acme.account.as_ref().unwrap();
    assert_eq!(
        (account.id.as_str(), account.list.as_deref()),
        (
            "{account.environment}:{account.number}",
            Some("/data/companies")
        )
    );
}

/// Each mistake with the field that it is reported at, and its line: that of what was changed.
#[test]
fn mistakes_are_told_with_file_line_and_field() {
    for (from, to, field, problem) in [
        (
            "key = \"acme\"",
            "key = \"Acme\"",
            "key",
            "four lower-case letters",
        ),
        ("key = \"acme\"", "key = 7", "key", "expected a string"),
        (
            "key = \"acme\"\n",
            "",
            "integration.toml",
            "missing field `key`",
        ),
        ("order = 10", "order = 70000", "order", "70000"),
        ("order = 10", "ordr = 10", "ordr", "unknown field `ordr`"),
        (
            "order = 10",
            "order = = 10",
            "integration.toml",
            "extra `=`",
        ),
        (
            "\"Commerce\"",
            "\"Shops\"",
            "source_type",
            "unknown variant `Shops`",
        ),
        ("\"Acme Books\"", "\" Acme\"", "name", "1 to 60 characters"),
        (
            "https://acme.example/docs\"",
            "http://acme.example/docs\"",
            "docs",
            "https",
        ),
        (
            "[\"commerce-orders\", \"invoices\"]",
            "[]",
            "data_types",
            "no data",
        ),
        (
            "\"invoices\"]",
            "\"commerce-orders\"]",
            "data_types",
            "twice",
        ),
        (
            "\"invoices\"]",
            "\"gossip\"]",
            "data_types[1]",
            "unknown variant `gossip`",
        ),
        ("\"#13b5ea\"", "\"blue\"", "brand.color", "hexadecimal"),
        ("\"awkward\"", "\"never\"", "mobile", "unknown variant"),
        (
            "https://acme.example/docs/tokens",
            "somewhere",
            "sources.auth.oauth2_code.token.refresh_token_lifetime",
            "https",
        ),
        (
            "name = \"subscription_key\"",
            "name = \"client_id\"",
            "operator.name",
            "twice",
        ),
        (
            "[0-9a-f]{32}",
            "[0-9a-f",
            "operator.pattern",
            "is no pattern",
        ),
        (
            "suffix = \".shops",
            "suffix = \"shops",
            "person.suffix",
            "dot",
        ),
        (
            "kind = \"region\"",
            "kind = \"planet\"",
            "person[1].kind",
            "unknown variant",
        ),
        (
            "https://us.acme.example",
            "http://us.acme.example",
            "person.options.data.api",
            "https",
        ),
        (
            "value = \"us\"",
            "value = \"eu\"",
            "person.options.value",
            "twice",
        ),
        (
            "https://{person.shop}.shops.acme.example/oauth/token",
            "http://acme.example/oauth/token",
            "auth.oauth2_code.token.endpoint",
            "https",
        ),
        (
            "https://{person.shop}.shops.acme.example/oauth/token",
            "{sandbox}/token",
            "auth.oauth2_code.token.endpoint",
            "not declared",
        ),
        (
            "https://{person.shop}.shops.acme.example/oauth/token",
            "https://{person.nobody}.acme.example/token",
            "auth.oauth2_code.token.endpoint",
            "not declared",
        ),
        // What is not known yet.
        (
            "https://{person.shop}.shops.acme.example/oauth/token",
            "{token.api_domain}/token",
            "auth.oauth2_code.token.endpoint",
            "not declared",
        ),
        (
            "https://{person.shop}.shops.acme.example/oauth/authorize",
            "https://acme.example/{callback.realmId}",
            "auth.oauth2_code.authorization_endpoint",
            "not declared",
        ),
        // What could lead anywhere.
        (
            "https://{person.shop}.shops.acme.example/oauth/token",
            "https://{operator.client_id}.acme.example/token",
            "auth.oauth2_code.token.endpoint",
            "pattern",
        ),
        (
            "https://{person.shop}.shops.acme.example/oauth/token",
            "https://{person.shop}/token",
            "auth.oauth2_code.token.endpoint",
            "domain",
        ),
        (
            "{token.api_domain}/grants",
            "https://acme.example/grants#x",
            "auth.oauth2_code.token.revocation.call.endpoint",
            "fragment",
        ),
        (
            "issuer = \"https://acme.example\"",
            "issuer = \"acme\"",
            "auth.oauth2_code.issuer",
            "https",
        ),
        (
            "client_authentication = \"post\"",
            "client_authentication = \"jwt\"",
            "auth.oauth2_code.token.client_authentication",
            "unknown variant",
        ),
        (
            "pkce = \"unsupported\"",
            "pkce = \"plain\"",
            "auth.oauth2_code.pkce",
            "unknown variant",
        ),
        (
            "body = \"json\"",
            "assertion_audience = \"a\"",
            "auth.oauth2_code.token.assertion_audience",
            "there is none",
        ),
        (
            "\"profile\"]",
            "\"a b\"]",
            "auth.oauth2_code.token.scopes",
            "no scope",
        ),
        (
            "\"profile\"]",
            "\"a,b\"]",
            "auth.oauth2_code.token.scopes",
            "no scope",
        ),
        (
            "required_scopes = [\"orders:read\"]",
            "required_scopes = [\"admin\"]",
            "auth.oauth2_code.token.required_scopes",
            "`scopes` does not",
        ),
        (
            "prompt = \"consent\"",
            "state = \"1\"",
            "auth.oauth2_code.authorize_parameters",
            "`state`",
        ),
        (
            "[\"response_type\"]",
            "[\"state\"]",
            "auth.oauth2_code.authorize_without",
            "one of",
        ),
        (
            "realmId = { pattern",
            "code = { pattern",
            "auth.oauth2_code.callback_values",
            "`code`",
        ),
        (
            "\"stay\"",
            "\"always\"",
            "auth.oauth2_code.token.refresh_tokens",
            "unknown variant",
        ),
        (
            "\"30m\"",
            "\"half an hour\"",
            "auth.oauth2_code.token.access_token_lifetime",
            "time",
        ),
        (
            "X-Subscription",
            "Host",
            "auth.oauth2_code.token.headers.Host",
            "not a declaration's",
        ),
        (
            "[\"no_grant_type\"]",
            "[\"odd\"]",
            "auth.oauth2_code.token.quirks[0]",
            "unknown variant",
        ),
        (
            "\"/data/token\"",
            "\"data.token\"",
            "auth.oauth2_code.token.answer.access_token",
            "RFC 6901",
        ),
        ("na~1me", "na~me", "account.name", "RFC 6901"),
        (
            "\"{account.environment}:{account.number}\"",
            "\"id\"",
            "account.id",
            "RFC 6901",
        ),
        (
            "patterns.server",
            "patterns.serve",
            "account.patterns.serve",
            "not kept",
        ),
        (
            "\"grant_refused\"",
            "\"ended_already\"",
            "auth.oauth2_code.token.errors.means",
            "end access",
        ),
        (
            "\"ORGANISATION\"",
            "\"(\"",
            "account.only.pattern",
            "is no pattern",
        ),
        (
            "[\"openid\", \"email\"]",
            "[\"open id\"]",
            "auth.oauth2_code.openid.scopes",
            "no scope",
        ),
        (
            "method = \"DELETE\"",
            "method = \"BREW\"",
            "auth.oauth2_code.token.revocation.call.method",
            "GET, POST",
        ),
    ] {
        let at = FULL.find(from).unwrap_or_else(|| panic!("{from}"));
        let error = match load(&FULL.replacen(from, to, 1)) {
            Err(CatalogueError::Declaration(error)) => error,
            other => panic!("{to}: {other:?}"),
        };
        assert_eq!(error.file, "integrations/acme/integration.toml");
        assert_eq!(error.field, field, "{to}: {error}");
        let line = FULL[..at].matches('\n').count() + 1;
        assert_eq!(error.line, line, "{to}: {error}");
        assert!(error.problem.contains(problem), "{to}: {error}");
        assert_eq!(
            error.to_string(),
            format!("{}:{line}: {field}: {}", error.file, error.problem)
        );
    }
}

#[test]
fn what_is_kept_of_a_company_reaches_into_a_host_only_with_a_pattern() {
    let pattern = FULL.lines().find(|line| line.starts_with("patterns"));
    let error = load(&FULL.replace(pattern.unwrap(), "")).unwrap_err();
    assert!(error.to_string().contains("api.base: "), "{error}");
}

/// Who has a client id of their own types it, and only what is the operator's is asked of the operator.
#[test]
fn what_the_person_gives_no_operator_is_asked_for() {
    let catalogue = Catalogue::embedded(&origins()).unwrap();
    let names = |key: &str| {
        let integration = catalogue.get(key.parse().unwrap()).unwrap();
        let fields = integration.operator.iter();
        fields.map(|field| field.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names("rvlt"), ["client_secret", "issuer", "environment"]);
    assert!(names("fztf").is_empty());
}

#[test]
fn a_key_belongs_to_one_folder() {
    let folder = |path| Folder {
        path,
        declaration: FULL,
        logo: LOGO,
    };
    let error =
        Catalogue::parse(&[folder("integrations/one"), folder("own/two")], &origins()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "own/two/integration.toml: key: `acme` is declared by integrations/one too"
    );
}

#[test]
fn an_operators_own_are_added_and_take_the_place_of_others() {
    let own = |path, key: &str| (path, FULL.replacen("\"acme\"", &format!("{key:?}"), 1));
    let texts = [own("own/acme", "acme"), own("own/books", "gbol")];
    let folders = texts.each_ref().map(|(path, declaration)| Folder {
        path,
        declaration,
        logo: LOGO,
    });
    let catalogue = Catalogue::with_own(&folders, &origins()).unwrap();
    assert_eq!(catalogue.iter().len(), EMBEDDED.len() + 1);
    let (acme, xero) = ("acme".parse().unwrap(), "gbol".parse().unwrap());
    let there = Catalogue::embedded(&origins()).unwrap();
    assert_eq!(catalogue.get(acme).unwrap().name, "Acme Books");
    assert_eq!(catalogue.get(xero).unwrap().name, "Acme Books");
    // What was registered for the one does not go to the other.
    assert_ne!(
        catalogue.get(xero).unwrap().fingerprint(),
        there.get(xero).unwrap().fingerprint()
    );
}

#[test]
fn the_order_is_by_source_type_then_order_then_name() {
    let declare = |key: &str, name: &str, source_type: &str, order: &str| {
        FULL.replacen("\"acme\"", &format!("{key:?}"), 1)
            .replacen("Acme Books", name, 1)
            .replacen("Commerce", source_type, 1)
            .replacen("order = 10", &format!("order = {order}"), 1)
    };
    let texts = [
        declare("aaaa", "A", "Commerce", "1"),
        declare("bbbb", "B", "Accounting", "5"),
        declare("cccc", "Zed", "Accounting", "2"),
        declare("dddd", "Alpha", "Accounting", "2"),
    ];
    let folders = texts.each_ref().map(|text| Folder {
        path: "integrations/x",
        declaration: text,
        logo: LOGO,
    });
    let catalogue = Catalogue::parse(&folders, &origins()).unwrap();
    let names: Vec<_> = catalogue
        .iter()
        .map(|integration| integration.name.as_str())
        .collect();
    assert_eq!(names, ["Alpha", "Zed", "B", "A"]);
}

#[test]
fn logos_are_svg_and_small() {
    let huge = format!("{LOGO}{}", " ".repeat(LOGO_MAX));
    for (logo, problem) in [
        ("", "<svg"),
        ("<html>", "<svg"),
        ("<svg >", "viewBox"),
        (huge.as_str(), "32 KiB"),
        ("<svg width=\"64\" viewBox=\"0 0 64 64\">", "of its own"),
        ("<svg viewBox=\"0 0 64 64\"\n height=\"64\">", "of its own"),
    ] {
        let folder = Folder {
            path: "integrations/acme",
            declaration: FULL,
            logo,
        };
        let error = Catalogue::parse(&[folder], &origins())
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("integrations/acme/logo.svg: ") && error.contains(problem),
            "{error}"
        );
    }
}

#[test]
fn staff_enter_a_registration_but_for_what_is_built_in() {
    let catalogue = Catalogue::embedded(&origins()).unwrap();
    let sandbox = catalogue.get("mqjo".parse().unwrap()).unwrap();
    assert!(sandbox.is_built_in() && sandbox.operator_fields().is_empty());

    let elsewhere = load(FULL).unwrap();
    let acme = elsewhere.get("acme".parse().unwrap()).unwrap();
    assert!(!acme.is_built_in());
    let fields: Vec<_> = acme
        .operator_fields()
        .iter()
        .map(|field| (field.name.clone(), field.secret, field.optional))
        .collect();
    let expected = [
        ("client_id", false, false),
        ("client_secret", true, false),
        ("subscription_key", true, true),
    ];
    assert_eq!(
        fields[..3],
        expected.map(|(name, secret, optional)| (name.to_owned(), secret, optional))
    );
    let secret = &acme.operator_fields()[1];
    assert_eq!(secret.read(" s3cret\n"), Ok("s3cret"));
    assert_eq!(secret.read(""), Ok(""));
    for bad in ["a\nb", "é", "\u{7}", &"x".repeat(10_001)] {
        assert!(secret.read(bad).is_err(), "{bad}");
    }
    for (scope, is_one) in [
        ("orders:write", true),
        ("", false),
        ("a,b", false),
        ("a b", false),
        ("a\"b", false),
        ("a\u{7}", false),
    ] {
        assert_eq!(acme.is_scope(scope), is_one, "{scope}");
    }

    // A declaration that leads somewhere else in one place is never given what both sides derive.
    let sandbox = crate::EMBEDDED
        .iter()
        .find(|folder| folder.path == "integrations/sandbox")
        .unwrap();
    for (from, to) in [
        (
            "{sandbox}/sandbox/token",
            "https://evil.example/sandbox/token",
        ),
        (
            "{sandbox}/sandbox/authorize",
            "https://evil.example/authorize",
        ),
        ("{sandbox}/sandbox/revoke", "https://evil.example/revoke"),
        (
            "{sandbox}/sandbox/organisations",
            "https://evil.example/organisations",
        ),
    ] {
        let mixed = sandbox.declaration.replace(from, to);
        assert_ne!(mixed, sandbox.declaration);
        let mixed = load(&mixed).unwrap();
        let mixed = mixed.get("mqjo".parse().unwrap()).unwrap();
        assert!(!mixed.is_built_in(), "{to}");
        assert_eq!(mixed.operator_fields().len(), 2);
    }
}
