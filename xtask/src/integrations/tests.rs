use anyhow::Result;

use super::*;

const HEAD: &str = "key\tslug\tname\tsource_type\tauth_kind\tauthorization_url\ttoken_url\trevocation_url\tpkce\tclient_auth\tscope_separator\taccess_token_ttl_s\trefresh_rotates\tnotes\tproposed_slug\n";
const ROW: &str = "acme\tacme\tAcme Books\tAccounting\toauth2_code\thttps://{shop}.acme.example/authorize?v=2\t{server}/token\tDELETE https://acme.example/grants (bearer)\tsupported\tbasic\tspace\t1800\tyes\tsrc=made up\t\n";
const DECLARATION: &str = r#"
key = "acme"
name = "Acme Books"
source_type = "Accounting"

[auth.oauth2_code]
authorization_endpoint = "https://{person.shop}.acme.example/authorize"
pkce = "S256"

[auth.oauth2_code.token]
endpoint = "{callback.server}/token"
client_authentication = "basic"
refresh_tokens = "rotate"
access_token_lifetime = "30m"
revocation.call = { method = "DELETE", endpoint = "https://acme.example/grants" }
"#;

/// Compares one declaration in a folder of its own.
fn compared(table: &str, declaration: &str, known: &str) -> Result<Verified> {
    let folder = tempfile::tempdir()?;
    fs::create_dir(folder.path().join("acme"))?;
    fs::write(folder.path().join("acme/integration.toml"), declaration)?;
    fs::write(folder.path().join("differences.toml"), known)?;
    compare(table, folder.path(), known)
}

fn table() -> String {
    format!("{HEAD}{ROW}")
}

#[test]
fn what_says_the_same_is_no_difference() {
    let found = compared(&table(), DECLARATION, "").unwrap();
    let expected = Verified {
        compared: 1,
        ..Verified::default()
    };
    assert_eq!(found, expected);
    // What the table does not know cannot differ.
    for cell in [
        "\tsupported\t",
        "\tbasic\t",
        "\tspace\t",
        "\t1800\t",
        "\tyes\t",
    ] {
        let table = table().replace(cell, "\tunknown\t");
        assert!(
            compared(&table, DECLARATION, "")
                .unwrap()
                .differences
                .is_empty()
        );
    }
}

#[test]
fn each_field_is_compared() {
    for (from, to, field, declared) in [
        ("key = \"acme\"", "key = \"acmf\"", "key", "acmf"),
        ("Acme Books", "Acme", "name", "Acme"),
        ("\"Accounting\"", "\"Banking\"", "source_type", "Banking"),
        (
            "oauth2_code",
            "oauth2_client_credentials",
            "auth_kind",
            "oauth2_client_credentials",
        ),
        (
            "acme.example/authorize",
            "evil.example/authorize",
            "authorization_url",
            "{}.evil.example/authorize",
        ),
        (
            "{callback.server}/token",
            "https://acme.example/token",
            "token_url",
            "acme.example/token",
        ),
        (
            "https://acme.example/grants",
            "https://acme.example/grant",
            "revocation_url",
            "acme.example/grant",
        ),
        (
            "\nrevocation.call",
            "\n# revocation.call",
            "revocation_url",
            "(nothing)",
        ),
        ("\"S256\"", "\"unsupported\"", "pkce", "unsupported"),
        ("\"basic\"", "\"post\"", "client_auth", "post"),
        (
            "refresh_tokens",
            "scope_separator = \"comma\"\nrefresh_tokens",
            "scope_separator",
            "comma",
        ),
        ("\"rotate\"", "\"stay\"", "refresh_rotates", "stay"),
        ("\"30m\"", "\"31m\"", "access_token_ttl_s", "1860"),
        (
            "access_token_lifetime = \"30m\"\n",
            "",
            "access_token_ttl_s",
            "none",
        ),
    ] {
        assert!(DECLARATION.contains(from), "{from}");
        let found = compared(&table(), &DECLARATION.replace(from, to), "").unwrap();
        let all: Vec<_> = found
            .differences
            .iter()
            .map(|one| (one.field, one.declared.as_str()))
            .collect();
        assert_eq!(all, [(field, declared)], "{to}");
    }
}

#[test]
fn a_choice_stands_for_its_first_option() {
    let choice = r#"
[[operator]]
name = "stage"
options = [
    { value = "live", data = { grants = "https://acme.example" } },
    { value = "test", data = { grants = "https://test.acme.example" } },
]

[auth.oauth2_code]
"#;
    let with = DECLARATION.replace("[auth.oauth2_code]\n", choice).replace(
        "https://acme.example/grants",
        "{operator.stage.grants}/grants",
    );
    assert!(
        compared(&table(), &with, "")
            .unwrap()
            .differences
            .is_empty()
    );
    let other = with.replacen("https://acme.example", "https://evil.example", 1);
    let found = compared(&table(), &other, "").unwrap();
    let all: Vec<_> = found.differences.iter().map(|one| &one.declared).collect();
    assert_eq!(all, ["evil.example/grants"]);
}

#[test]
fn a_page_that_is_made_and_its_token_are_compared_too() {
    let table = table()
        .replace("oauth2_code", "link_token")
        .replace(
            "https://{shop}.acme.example/authorize?v=2",
            "POST https://acme.example/links -> link",
        )
        .replace("{server}/token", "https://acme.example/token");
    let head = DECLARATION.split("[auth").next().unwrap();
    let link = format!(
        "{head}[auth.token_link]\naddress = \"/link\"\ncreate.endpoint = \"https://acme.example/links\"\n\
        exchange.endpoint = \"https://acme.example/token\"\nrevocation.call.endpoint = \"https://acme.example/grants\"\n"
    );
    let found = compared(&table, &link, "").unwrap();
    assert!(found.differences.is_empty(), "{:?}", found.differences);
    let found = compared(&table, &link.replace("/token", "/tokens"), "").unwrap();
    assert_eq!(found.differences.len(), 1);
}

#[test]
fn a_key_of_another_integration_is_not_taken() {
    let other = ROW.replace("acme\tacme\t", "acme\tother\t");
    let own = ROW.replace("acme\tacme\t", "\tacme\t");
    let found = compared(&format!("{HEAD}{other}{own}"), DECLARATION, "").unwrap();
    let fields: Vec<_> = found.differences.iter().map(|one| one.field).collect();
    assert_eq!(fields, ["key"]);
    let found = compared(&format!("{HEAD}{own}"), DECLARATION, "").unwrap();
    assert!(found.differences.is_empty());
}

#[test]
fn a_known_difference_holds_for_its_values_alone() {
    let known = r#"
[[difference]]
slug = "acme"
field = "pkce"
table = "supported"
declared = "unsupported"
reason = "it breaks with it"
source = "https://acme.example/docs"
"#;
    let other = DECLARATION.replace("\"S256\"", "\"unsupported\"");
    let found = compared(&table(), &other, known).unwrap();
    assert!(found.differences.is_empty() && found.stale.is_empty());
    assert_eq!(found.known, 1);
    // The table says something else by now: looked at again.
    let found = compared(&table().replace("supported", "required"), &other, known).unwrap();
    assert_eq!(found.differences.len(), 1);
    // No difference any more.
    let found = compared(&table(), DECLARATION, known).unwrap();
    assert_eq!(found.stale, ["acme: pkce"]);
    for bad in [
        known.replace("it breaks with it", " "),
        known.replace("https://acme", "acme"),
    ] {
        assert!(compared(&table(), DECLARATION, &bad).is_err());
    }
}

#[test]
fn a_table_that_is_another_is_refused() {
    assert!(compared("key\tslug\n", DECLARATION, "").is_err());
    let short = ROW.replace("\tsrc=made up", "");
    assert!(compared(&format!("{HEAD}{short}"), DECLARATION, "").is_err());
    let none = compared(HEAD, DECLARATION, "").unwrap();
    assert_eq!(none.unlisted, ["acme"]);
}
