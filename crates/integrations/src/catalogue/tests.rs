//! Declarations good and bad.

use url::Url;

use super::*;
use crate::declaration::Auth;
use crate::oauth2::{ClientAuthentication, Identity, Pkce, RefreshTokens, ScopeSeparator};

const LOGO: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"></svg>"#;

/// A declaration with every field.
const FULL: &str = include_str!("full.toml");

fn origins() -> Origins {
    Origins::new(&Url::parse("http://localhost:8080").unwrap()).unwrap()
}

fn load(declaration: &str) -> Result<Catalogue, CatalogueError> {
    let folder = Folder {
        name: "acme",
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
    let Auth::OAuth2Code(oauth2) = &sandbox.auth;
    let at = |path: &str| format!("http://localhost:8080/sandbox{path}");
    assert_eq!(
        oauth2.authorization_endpoint.url().as_str(),
        at("/authorize")
    );
    assert_eq!(oauth2.token_endpoint.url().as_str(), at("/token"));
    assert_eq!(
        oauth2.revocation_endpoint.as_ref().unwrap().url().as_str(),
        at("/revoke")
    );
    let issuer = oauth2.issuer.as_ref().unwrap();
    assert_eq!(issuer.as_str(), at(""));
    assert!(issuer.in_callback);
    assert_eq!(oauth2.client_authentication, ClientAuthentication::Basic);
    assert_eq!(oauth2.pkce, Pkce::S256);
    assert_eq!(oauth2.refresh_tokens, RefreshTokens::Rotate);
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
    assert_eq!(acme.logo, LOGO);
    assert_eq!(
        acme.data_types
            .iter()
            .map(|t| t.as_str())
            .collect::<Vec<_>>(),
        ["commerce-orders", "invoices"]
    );
    let Auth::OAuth2Code(oauth2) = &acme.auth;
    assert_eq!(oauth2.client_authentication, ClientAuthentication::Post);
    assert_eq!(oauth2.pkce, Pkce::Unsupported);
    assert_eq!(oauth2.scope_separator, ScopeSeparator::Comma);
    assert_eq!(oauth2.refresh_tokens, RefreshTokens::Stay);
    assert!(oauth2.revocation_ends_grant);
    let api = acme.api.as_ref().unwrap();
    assert_eq!(api.base_url().as_str(), "https://api.acme.example/v1/");
    assert_eq!(oauth2.scopes, ["orders:read", "profile"]);
    assert_eq!(oauth2.required_scopes, ["orders:read"]);
    assert_eq!(oauth2.authorize_parameters["prompt"], "consent");
    assert_eq!(oauth2.callback_values, ["realmId"]);
    assert!(
        oauth2
            .issuer
            .as_ref()
            .is_some_and(|issuer| !issuer.in_callback)
    );
    let Some(Identity::Call { endpoint, id, name }) = &oauth2.identity else {
        panic!()
    };
    assert_eq!(
        (endpoint.url().as_str(), id.as_str(), name.as_str()),
        (
            "https://api.acme.example/me",
            "/data/0/id",
            "/data/0/na~1me"
        )
    );
}

/// Each mistake with the line and the field that it is reported at.
#[test]
fn mistakes_are_told_with_file_line_and_field() {
    for (from, to, line, field, problem) in [
        (
            "key = \"acme\"",
            "key = \"Acme\"",
            1,
            "key",
            "four lower-case letters",
        ),
        ("key = \"acme\"", "key = 7", 1, "key", "expected a string"),
        (
            "key = \"acme\"\n",
            "",
            1,
            "integration.toml",
            "missing field `key`",
        ),
        ("order = 10", "order = 70000", 6, "order", "70000"),
        ("order = 10", "ordr = 10", 6, "ordr", "unknown field `ordr`"),
        (
            "order = 10",
            "order = = 10",
            6,
            "integration.toml",
            "extra `=`",
        ),
        (
            "order = 10",
            "order = 10\norder = 11",
            7,
            "integration.toml",
            "duplicate key",
        ),
        (
            "\"Commerce\"",
            "\"Shops\"",
            3,
            "source_type",
            "unknown variant `Shops`",
        ),
        (
            "\"Acme Books\"",
            "\" Acme\"",
            2,
            "name",
            "1 to 60 characters",
        ),
        (
            "https://acme.example/docs",
            "http://acme.example/docs",
            7,
            "docs",
            "https",
        ),
        (
            "[\"commerce-orders\", \"invoices\"]",
            "[]",
            8,
            "data_types",
            "no data",
        ),
        (
            "\"invoices\"]",
            "\"commerce-orders\"]",
            8,
            "data_types",
            "twice",
        ),
        (
            "\"invoices\"]",
            "\"gossip\"]",
            8,
            "data_types[1]",
            "unknown variant `gossip`",
        ),
        (
            "[auth.oauth2_code",
            "[auth.oauth3_code",
            10,
            "auth",
            "unknown variant `oauth3_code`",
        ),
        (
            "https://acme.example/oauth/token",
            "http://acme.example/oauth/token",
            12,
            "auth.oauth2_code.token_endpoint",
            "https",
        ),
        (
            "https://acme.example/oauth/token",
            "{sandbox}/token",
            12,
            "auth.oauth2_code.token_endpoint",
            "sandbox = true",
        ),
        (
            "https://acme.example/oauth/token",
            "https://{shop}.example/token",
            12,
            "auth.oauth2_code.token_endpoint",
            "placeholder",
        ),
        (
            "https://acme.example/oauth/revoke",
            "https://acme.example/#x",
            13,
            "auth.oauth2_code.revocation_endpoint",
            "fragment",
        ),
        (
            "issuer = \"https://acme.example\"",
            "issuer = \"acme\"",
            14,
            "auth.oauth2_code.issuer",
            "https",
        ),
        (
            "issuer = \"https://acme.example\"\n",
            "",
            14,
            "auth.oauth2_code.issuer_in_callback",
            "needs an issuer",
        ),
        (
            "\"post\"",
            "\"jwt\"",
            16,
            "auth.oauth2_code.client_authentication",
            "unknown variant",
        ),
        (
            "pkce = \"unsupported\"",
            "pkce = \"plain\"",
            17,
            "auth.oauth2_code.pkce",
            "unknown variant",
        ),
        (
            "\"profile\"]",
            "\"a b\"]",
            18,
            "auth.oauth2_code.scopes",
            "no scope",
        ),
        (
            "\"profile\"]",
            "\"a,b\"]",
            18,
            "auth.oauth2_code.scopes",
            "no scope",
        ),
        (
            "required_scopes = [\"orders:read\"]",
            "required_scopes = [\"admin\"]",
            19,
            "auth.oauth2_code.required_scopes",
            "`scopes` does not",
        ),
        (
            "prompt = \"consent\"",
            "state = \"1\"",
            21,
            "auth.oauth2_code.authorize_parameters",
            "`state`",
        ),
        (
            "[\"realmId\"]",
            "[\"code\"]",
            22,
            "auth.oauth2_code.callback_values",
            "`code`",
        ),
        (
            "[\"realmId\"]",
            "[\"realm Id\"]",
            22,
            "auth.oauth2_code.callback_values",
            "no parameter name",
        ),
        (
            "\"stay\"",
            "\"always\"",
            23,
            "auth.oauth2_code.refresh_tokens",
            "unknown variant",
        ),
        (
            "\"/data/0/id\"",
            "\"data.0.id\"",
            28,
            "auth.oauth2_code.identity.call.id",
            "RFC 6901",
        ),
        (
            "na~1me",
            "na~me",
            29,
            "auth.oauth2_code.identity.call.name",
            "RFC 6901",
        ),
        (
            "[auth.oauth2_code.identity.call]",
            "[auth.oauth2_code.identity.guess]",
            26,
            "auth.oauth2_code.identity",
            "unknown variant `guess`",
        ),
        (
            "\"https://api.acme.example/v1/\"",
            "\"http://api.acme.example/v1/\"",
            32,
            "api.base",
            "https",
        ),
        (
            "\"https://api.acme.example/v1/\"",
            "\"https://api.acme.example/v1/?a=b\"",
            32,
            "api.base",
            "no query",
        ),
        (
            "\"https://api.acme.example/v1/\"",
            "\"{sandbox}/api\"",
            32,
            "api.base",
            "sandbox = true",
        ),
    ] {
        assert!(FULL.contains(from), "{from}");
        let error = match load(&FULL.replace(from, to)) {
            Err(CatalogueError::Declaration(error)) => error,
            other => panic!("{to}: {other:?}"),
        };
        assert_eq!(error.file, "integrations/acme/integration.toml");
        assert_eq!(
            (error.field.as_str(), error.line),
            (field, line),
            "{to}: {error}"
        );
        assert!(error.problem.contains(problem), "{to}: {error}");
        assert_eq!(
            error.to_string(),
            format!("{}:{line}: {field}: {}", error.file, error.problem)
        );
    }
}

#[test]
fn a_key_belongs_to_one_folder() {
    let folder = |name| Folder {
        name,
        declaration: FULL,
        logo: LOGO,
    };
    let error = Catalogue::parse(&[folder("one"), folder("two")], &origins()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "integrations/two/integration.toml: key: `acme` is declared by integrations/one too"
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
        name: "x",
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
            name: "acme",
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
