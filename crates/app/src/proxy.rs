//! A client's call to an integration's API, passed on with what its connection holds.

use std::time::Duration;

use handclasp_domain::{Actor, ClientId, CompanyId, ConnectionId, FieldError, Id};
use handclasp_integrations::api::{Answer, BadCall, Call, NotSent, Request};
use handclasp_integrations::provider::Deadline;
use handclasp_integrations::{Client, Held};
use handclasp_outbound::OutboundError;
use url::Url;
use uuid::Uuid;

use crate::recent::Recent;
use crate::refresh::Fresh;
use crate::{App, AppError, Caller, Refusal, ThirdPartyError};

/// Calls by one key through one connection are one entry of the audit log in this time.
const NOTED: Duration = Duration::from_secs(60);

/// What is remembered of calls, in this process.
#[derive(Default)]
pub(crate) struct Proxied {
    /// Who used which connection, until when that is noted.
    noted: Recent<(ConnectionId, Uuid)>,
    /// Which third parties asked to wait, until when.
    waits: Recent<(ClientId, ConnectionId)>,
}

impl App {
    /// Passes a call on. What the third party answers is the answer, whatever it is; where it refuses the token, after one refresh
    /// and one more try. Where it asks to wait, further calls through this connection are not made until then.
    pub async fn proxy(
        &self,
        caller: &Caller,
        company: CompanyId,
        id: ConnectionId,
        request: Request,
    ) -> Result<Answer, AppError> {
        let linked = self.linked(caller.client, company, id).await?;
        let integration = self.integration(linked.connection.platform_key)?.clone();
        let client = self.third_party(caller.client, &integration).await?;
        let base = self.api_base(&client, &self.open_tokens(&linked.held)?)?;
        let base = base.ok_or(Refusal::NoApi)?;
        let call = client.call(&base, request).map_err(|bad| match bad {
            BadCall::Path(path) => AppError::from(FieldError::new("path", path.to_string())),
            BadCall::NotPassedOn(why) => Refusal::NotPassedOn(why).into(),
        })?;
        let key = (caller.client, id);
        let now = self.now();
        if let Some(until) = self.proxied().waits.until(&key, now) {
            let wait = until.since(now);
            return Err(ThirdPartyError::AskedToWait { wait }.into());
        }
        let fresh = self.fresh(linked).await?;
        self.note_call(caller, &fresh).await?;
        let answer = self.call(&client, &fresh, call).await?;
        let now = self.now();
        if let Some(wait) = answer.asks_to_wait(now) {
            self.proxied().waits.set(key, now.plus(wait), now);
        }
        Ok(answer)
    }

    /// Where an integration's API stands, for what a connection holds; none where none is declared.
    pub(crate) fn api_base(&self, client: &Client, held: &Held) -> Result<Option<Url>, AppError> {
        client.api_base(held).map_err(|missing| {
            tracing::error!(integration = %client.integration().key, %missing, "an API's address can't be made");
            AppError::Internal("an API's address can't be made")
        })
    }

    async fn call(&self, client: &Client, fresh: &Fresh, call: Call) -> Result<Answer, AppError> {
        let again = call.again();
        let answer = self.send(client, fresh, call).await?;
        if !answer.refused_the_token() {
            return Ok(answer);
        }
        // Also where this call can't be made again: the next one is to fare better.
        let fresher = match self.fresher(&fresh.held).await {
            Ok(fresher) => fresher,
            Err(error) => {
                tracing::info!(connection = %fresh.connection.id, %error, "a refused token was not refreshed");
                None
            }
        };
        match (fresher, again) {
            (Some(fresher), Some(again)) => self.send(client, &fresher, again).await,
            (None, _) | (_, None) => Ok(answer),
        }
    }

    async fn send(&self, client: &Client, fresh: &Fresh, call: Call) -> Result<Answer, AppError> {
        let calls = self.calls(Deadline::start());
        let sent = client.pass_on(&calls, &fresh.tokens, call);
        sent.await.map_err(|error| {
            let error = match error {
                NotSent::Outbound(error) => error,
                NotSent::Unauthorized(failure) => {
                    tracing::error!(connection = %fresh.connection.id, %failure, "a call can't be authorized");
                    return AppError::Internal("a call can't be authorized");
                }
            };
            tracing::info!(
                connection = %fresh.connection.id, integration = %fresh.connection.platform_key, failure = error.label(),
                "a call could not be passed on"
            );
            match error {
                OutboundError::RequestBody => Refusal::BodyBroke.into(),
                OutboundError::Timeout { .. } => ThirdPartyError::Silent.into(),
                OutboundError::TooLarge | OutboundError::Protocol(_) => {
                    ThirdPartyError::Unintelligible.into()
                }
                OutboundError::RefusedAddress
                | OutboundError::BadUrl(_)
                | OutboundError::Unsendable
                | OutboundError::Resolve(_)
                | OutboundError::Connect(_)
                | OutboundError::Tls(_)
                | OutboundError::Reset { .. } => ThirdPartyError::Unreachable.into(),
            }
        })
    }

    async fn note_call(&self, caller: &Caller, fresh: &Fresh) -> Result<(), AppError> {
        let who = match caller.actor {
            Actor::ApiKey(key) => key.uuid(),
            Actor::Person | Actor::Operator | Actor::System => Uuid::nil(),
        };
        let key = (fresh.connection.id, who);
        let now = self.now();
        if self.proxied().noted.until(&key, now).is_some() {
            return Ok(());
        }
        self.note_use(caller, fresh, "connection.proxy").await?;
        self.proxied().noted.set(key, now.plus(NOTED), now);
        Ok(())
    }
}
