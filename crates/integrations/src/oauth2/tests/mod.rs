//! The flow against a scripted third party on a real port, through the real outgoing client.

mod authorize;
mod failures;
mod others;
mod tolerance;

use std::time::Duration;

use url::Url;

use super::*;
use crate::client::{Begin, Granted};
use crate::held::Held;
use crate::provider::{Deadline, ProviderFailure, Unintelligible};
use crate::tests::fake::{Fake, Reply};
use crate::tests::{
    ACME, With, client, code_flow, declared, outbound, sandbox, secret, url, verifier,
};
use crate::values::Values;
use crate::{CallbackAnswer, Client};

/// Exchanges a code at a third party that answers so.
async fn exchange(reply: Reply, within: Duration) -> Result<Granted, ProviderFailure> {
    let fake = Fake::always(reply).await;
    let client = client(sandbox(&fake.origin));
    let with = With::new(outbound());
    let answer = CallbackAnswer {
        code: Some(secret("the-code")),
        values: Values::default(),
    };
    let begin = Begin {
        redirect_uri: &url("https://hub.example/callback"),
        state: "s",
        verifier: &verifier(),
        nonce: None,
        scopes: &code_flow(client.integration()).token.scopes,
        person: &Values::default(),
    };
    let calls = with.calls(Deadline::after(within));
    let granted = client
        .complete(&calls, &begin, &Values::default(), &answer)
        .await;
    assert_eq!(fake.seen().len(), 1, "a code is sent once");
    granted
}

/// The same, with time enough.
async fn answer(reply: Reply) -> Result<Granted, ProviderFailure> {
    exchange(reply, Duration::from_secs(10)).await
}

/// Why an answer was not understood.
fn why(answer: Result<Granted, ProviderFailure>) -> Unintelligible {
    match answer {
        Err(ProviderFailure::Unintelligible { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

/// What a connection holds.
fn held(access: &str, refresh: Option<&str>) -> Held {
    Held {
        access_token: access.to_owned(),
        refresh_token: refresh.map(str::to_owned),
        token_type: "Bearer".to_owned(),
        token_secret: None,
        values: Values::default(),
    }
}
