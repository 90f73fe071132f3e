//! Our lists against the contract's own.

use std::collections::HashSet;

use handclasp_testkit::contract::contract;

use super::method;
use crate::not_built::NOT_BUILT;
use crate::table::{Route, Verb, routes};

/// A route's method and path, as the contract's are written.
fn operation(route: &Route) -> (String, String) {
    let method = match route.verb {
        Verb::Any => "ANY".to_owned(),
        Verb::Get | Verb::Post | Verb::Put | Verb::Patch | Verb::Delete => {
            method(route.verb).to_string()
        }
    };
    (method, route.path.to_owned())
}

#[test]
fn every_operation_of_the_contract_is_answered_and_none_is_misspelt() {
    let Some(contract) = contract() else { return };
    let ours: HashSet<(String, String)> = routes().iter().map(operation).collect();
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
    ANY /companies/{companyId}/connections/{connectionId}/proxy/{*path}
    DELETE /companies/{companyId}/links/{linkId}
    DELETE /companies/{companyId}/sessions
    DELETE /rules/{ruleId}
    GET /auditLog
    GET /branding
    GET /companies/{companyId}/connections/{connectionId}/credentials
    GET /companies/{companyId}/consents
    GET /companies/{companyId}/files
    GET /companies/{companyId}/files/download
    GET /companies/{companyId}/links
    GET /companies/{companyId}/links/{linkId}
    GET /docs
    GET /eventTypes
    GET /events
    GET /integrations/{platformKey}/branding/{drawing}
    GET /integrations/{platformKey}/logo.svg
    GET /integrations/{platformKey}/settings
    GET /linkSettings
    GET /openapi.json
    GET /rules
    GET /rules/{ruleId}
    GET /webhooks/{webhookId}
    GET /webhooks/{webhookId}/attempts
    GET /webhooks/{webhookId}/messages
    GET /webhooks/{webhookId}/secret
    PATCH /webhooks/{webhookId}
    POST /companies/{companyId}/connections/{connectionId}/confirm
    POST /companies/{companyId}/connections/{connectionId}/files
    POST /companies/{companyId}/connections/{connectionId}/reject
    POST /companies/{companyId}/links
    POST /rules
    POST /webhooks/{webhookId}/recover
    POST /webhooks/{webhookId}/replay
    POST /webhooks/{webhookId}/resend
    POST /webhooks/{webhookId}/test
    PUT /branding
    PUT /integrations/{platformKey}/settings
    PUT /linkSettings
    PUT /rules/{ruleId}
    "#);
}

#[test]
fn no_operation_is_both_built_and_not_built() {
    let all = routes();
    let mut seen = HashSet::new();
    for route in &all {
        let operation = operation(route);
        assert!(seen.insert(operation.clone()), "{operation:?} twice");
    }
    assert!(all.len() > NOT_BUILT.len());
}
