//! What use cases have written, and states that take a third party to get into, without one.

use std::time::Duration;

use handclasp_ambient::{ManualClock, new_logged_id};
use handclasp_domain::{
    Command, CompanyId, ConnectionError, ConnectionErrorId, ConnectionId, CorrelationId, Id,
    ThirdParty,
};
use handclasp_store::credential::{self, SealedCredential};
use handclasp_store::{StoreError, connection, statements, values};
use handclasp_vault::Cell;

use crate::{TestApp, TestClient};

statements! {
    /// The words of all events.
    EVENTS = "SELECT kind FROM event WHERE client_id = $1 ORDER BY kind", whole_table = "a test writes few";
    /// All audit entries.
    AUDIT = "SELECT action, actor, address, correlation_id FROM audit WHERE client_id = $1 ORDER BY action",
        whole_table = "a test writes few";
    /// How many answers are kept.
    KEPT_ANSWERS = "SELECT COUNT(*) FROM kept_answer WHERE client_id = $1";
}

// They are no part of the product's list, whose tests prepare every one.
const _: usize = STATEMENTS.len();

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// What was done.
    pub action: String,
    /// Who did it.
    pub actor: String,
    /// From where.
    pub address: Option<String>,
    /// In which request.
    pub correlation: Option<CorrelationId>,
}

/// What a connection is made to hold. See [`TestApp::hold`].
#[derive(Debug, Clone, Copy)]
pub struct Holding<'a> {
    /// The connection's integration.
    pub platform_key: &'a str,
    /// The access token.
    pub access_token: &'a str,
    /// The refresh token.
    pub refresh_token: Option<&'a str>,
    /// How long the access token lasts.
    pub expires_in: Option<Duration>,
}

impl Default for Holding<'_> {
    fn default() -> Self {
        Self {
            platform_key: "mqjo",
            access_token: "access-1",
            refresh_token: Some("refresh-1"),
            expires_in: Some(Duration::from_secs(3600)),
        }
    }
}

impl TestApp {
    /// The words of all events of a client, as `company.created`, in the order of the alphabet: with a clock that stands still they have no
    /// other.
    pub async fn events(&self, client: &TestClient) -> Vec<String> {
        let read = async {
            let store = self.database.store();
            let rows = store.query(&EVENTS, values![client.id()]).await?;
            rows.iter().map(|row| row.get(0)).collect()
        };
        match read.await {
            Ok(words) => words,
            Err(error) => fail("the events can't be read", &error),
        }
    }

    /// How many answers to requests with an idempotency key are kept for a client.
    pub async fn kept_answers(&self, client: &TestClient) -> i64 {
        let read = async {
            let store = self.database.store();
            let row = store.query_opt(&KEPT_ANSWERS, values![client.id()]).await?;
            row.ok_or(StoreError::NotOneRow)?.get(0)
        };
        match read.await {
            Ok(count) => count,
            Err(error) => fail("the kept answers can't be counted", &error),
        }
    }

    /// All audit entries of a client, in the alphabetical order of their actions.
    pub async fn audit(&self, client: &TestClient) -> Vec<Audited> {
        let read = async {
            let entry = |row: &handclasp_store::Row| {
                Ok(Audited {
                    action: row.get(0)?,
                    actor: row.get(1)?,
                    address: row.get(2)?,
                    correlation: row.get(3)?,
                })
            };
            let store = self.database.store();
            let rows = store.query(&AUDIT, values![client.id()]).await?;
            rows.iter().map(entry).collect()
        };
        match read.await {
            Ok(entries) => entries,
            Err(error) => fail("the audit log can't be read", &error),
        }
    }

    /// Makes a connection `Linked` as if its person had authorized it for a company of this name, without credentials and without an
    /// event. Tests of how it comes to be linked walk the journey instead.
    pub async fn link(
        &self,
        client: &TestClient,
        company: CompanyId,
        id: ConnectionId,
        third_party: &str,
    ) {
        let command = Command::Authorize {
            third_party: Some(ThirdParty {
                id: format!("id of {third_party}"),
                name: third_party.to_owned(),
            }),
            hold_back: false,
        };
        let input = (client.id(), company, id, command, self.app.now());
        let done = self.database.store().write(
            "test_link",
            input,
            |tx, (client, company, id, command, now)| {
                Box::pin(async move {
                    let found = connection::find(tx, *client, *company, *id).await?;
                    let found = found.ok_or(StoreError::NotOneRow)?;
                    let applied = found.apply(command, *now);
                    let next = applied.ok().and_then(|done| done.next);
                    let next = next.ok_or(StoreError::NotOneRow)?;
                    connection::update(tx, &next, &found).await
                })
            },
        );
        match done.await {
            Ok(true) => {}
            Ok(false) => panic!("the connection changed meanwhile"),
            Err(error) => fail("the connection can't be linked", &error),
        }
    }

    /// Makes a connection `Linked`, holding these tokens, as if its person had authorized it now.
    pub async fn hold(
        &self,
        client: &TestClient,
        company: CompanyId,
        id: ConnectionId,
        holding: Holding<'_>,
    ) {
        self.link(client, company, id, "Birch Books Ltd").await;
        let cell = Cell {
            client: Some(client.id()),
            table: "credential",
            row: id.uuid(),
            column: "sealed",
        };
        let tokens = serde_json::json!({
            "accessToken": holding.access_token,
            "refreshToken": holding.refresh_token,
            "tokenType": "Bearer",
            "values": { "account.id": "7f", "callback.realmId": "42" },
        });
        let sealed = match self.app.vault().seal_json(&cell, &tokens) {
            Ok(sealed) => sealed,
            Err(error) => panic!("tokens can't be sealed: {error}"),
        };
        let now = self.app.now();
        let credential = SealedCredential {
            client: client.id(),
            connection: id,
            company,
            platform_key: holding
                .platform_key
                .parse()
                .unwrap_or_else(|_| panic!("no key")),
            sealed,
            scopes: "accounting offline_access".to_owned(),
            expires_at: holding.expires_in.map(|time| now.plus(time)),
            lapses_at: None,
            due_at: holding.expires_in.map(|time| now.plus(time / 2)),
            failures: 0,
            claim: None,
            updated: now,
            version: now.as_micros(),
        };
        let saved = self
            .database
            .store()
            .write("test_hold", credential, |tx, credential| {
                Box::pin(credential::put(tx, credential))
            });
        if let Err(error) = saved.await {
            fail("the tokens can't be saved", &error);
        }
    }

    /// Gives a connection an error, as a failed attempt leaves one.
    pub async fn fail(&self, client: &TestClient, id: ConnectionId, error: ConnectionError) {
        let error_id: ConnectionErrorId =
            new_logged_id(&ManualClock::at(error.errored_at), &**self.app.random());
        let input = (client.id(), id, error_id, error);
        let done =
            self.database
                .store()
                .write("test_fail", input, |tx, (client, id, error_id, error)| {
                    Box::pin(connection::insert_error(tx, *client, *id, *error_id, error))
                });
        if let Err(error) = done.await {
            fail("the error can't be recorded", &error);
        }
    }
}

fn fail(what: &str, error: &StoreError) -> ! {
    panic!("{what}: {error:?}")
}
