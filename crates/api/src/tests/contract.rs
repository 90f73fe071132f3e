//! Our lists against the contract's own.

use std::collections::HashSet;

use handclasp_testkit::contract::contract;

use crate::not_built::NOT_BUILT;
use crate::table::{Verb, routes};

fn method(verb: Verb) -> &'static str {
    match verb {
        Verb::Get => "GET",
        Verb::Post => "POST",
        Verb::Put => "PUT",
        Verb::Patch => "PATCH",
        Verb::Delete => "DELETE",
    }
}

#[test]
fn every_operation_of_the_contract_is_answered_and_none_is_misspelt() {
    let Some(contract) = contract() else { return };
    let ours: HashSet<(String, String)> = routes()
        .iter()
        .map(|route| (method(route.verb).to_owned(), route.path.to_owned()))
        .collect();
    let theirs: HashSet<(String, String)> = contract
        .operations()
        .into_iter()
        .map(|(method, path)| (method.to_string(), path))
        .collect();
    let missing: Vec<_> = theirs.difference(&ours).collect();
    assert!(missing.is_empty(), "not answered: {missing:?}");

    let mut beyond: Vec<String> = ours
        .difference(&theirs)
        .map(|(method, path)| format!("{method} {path}"))
        .collect();
    beyond.sort();
    insta::assert_snapshot!(beyond.join("\n"), @r#"
    DELETE /rules/{ruleId}
    GET /companies/{companyId}/files
    GET /companies/{companyId}/files/download
    GET /integrations/{platformKey}/logo.svg
    GET /rules
    GET /rules/{ruleId}
    GET /webhooks/{webhookId}/secret
    POST /companies/{companyId}/connections/{connectionId}/files
    POST /rules
    PUT /rules/{ruleId}
    "#);
}

#[test]
fn no_operation_is_both_built_and_not_built() {
    let all = routes();
    let mut seen = HashSet::new();
    for route in &all {
        assert!(
            seen.insert((method(route.verb), route.path)),
            "{} {} twice",
            method(route.verb),
            route.path
        );
    }
    assert!(all.len() > NOT_BUILT.len());
}
