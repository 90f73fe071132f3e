//! The end of a company, and of all that the server holds of it.

use handclasp_domain::{
    AttemptId, Command, CompanyFacts, CompanyId, Event, EventFacts, EventId, EventType,
};
use handclasp_store::audit::{self, AuditEntry};
use handclasp_store::credential::{self, Revocation};
use handclasp_store::{
    attempt, company, company_reference, connection, consent, event, journey, kept_answer, rule,
};

use crate::transition::{Applied, Change};
use crate::{App, AppError, Caller, while_raced};

#[derive(Clone)]
struct Deletion {
    id: CompanyId,
    connections: Vec<Change>,
    /// What is to be revoked of attempts in which somebody is choosing.
    unchosen: Vec<(AttemptId, Revocation)>,
    event_id: EventId,
    entry: AuditEntry,
}

impl App {
    /// Deletes a company with its connections, journeys and tokens; of its consents only the fact is kept.
    pub async fn delete_company(&self, caller: &Caller, id: CompanyId) -> Result<(), AppError> {
        while_raced(|| self.delete_company_once(caller, id)).await?;
        self.events_written().notify_one();
        Ok(())
    }

    async fn delete_company_once(&self, caller: &Caller, id: CompanyId) -> Result<(), AppError> {
        let found = self.company(caller.client, id).await?;
        let mut connections = Vec::with_capacity(found.connections.len());
        for held in &found.connections {
            let held = &held.connection;
            let integration = self.integration(held.platform_key)?;
            let mut change = self.change(caller, id, held.id, integration, Command::Delete);
            change.outgoing = self
                .outgoing(caller.client, held.id, held.platform_key)
                .await?;
            connections.push(change);
        }
        let choosing = attempt::choosing(&mut self.store(), caller.client, id).await?;
        let unchosen = choosing
            .iter()
            .map(|attempt| Ok((attempt.id, self.unchosen_revocation(attempt)?)))
            .collect::<Result<_, AppError>>()?;
        let deletion = Deletion {
            id,
            connections,
            unchosen,
            event_id: self.logged_id(),
            entry: AuditEntry {
                company: Some(id),
                ..self.entry(caller, "company.delete", self.now())
            },
        };
        let mark = (caller.client, deletion.entry.id);
        self.carry_out("delete_company", mark, deletion, |tx, deletion| {
            Box::pin(async move {
                let (client, id, at) = (deletion.entry.client, deletion.id, deletion.entry.at);
                let Some(found) = company::find(tx, client, id).await? else {
                    return Err(AppError::NotFound("company"));
                };
                for choosing in attempt::choosing(tx, client, id).await? {
                    let mut unchosen = deletion.unchosen.iter();
                    let Some((_, revocation)) = unchosen.find(|(id, _)| *id == choosing.id) else {
                        return Err(AppError::Raced);
                    };
                    credential::queue_revocation(tx, revocation).await?;
                }
                attempt::delete_of_company(tx, client, id).await?;
                for held in connection::of_company(tx, client, id).await? {
                    let Some(change) = deletion
                        .connections
                        .iter()
                        .find(|c| c.connection == held.id)
                    else {
                        // It came after the others were prepared.
                        return Err(AppError::Raced);
                    };
                    match change.apply_to(tx, &held).await? {
                        Applied::Done => {}
                        Applied::Gone | Applied::Refused(_) => {
                            return Err(AppError::Internal("a deletion was refused"));
                        }
                    }
                }
                journey::delete_of_company(tx, client, id).await?;
                consent::erase_of_company(tx, client, id).await?;
                rule::delete_of_company(tx, client, id).await?;
                kept_answer::delete_of_company(tx, client, id).await?;
                company_reference::forget(tx, client, id, found.parent).await?;
                company::delete(tx, client, id, at).await?;
                let told = Event {
                    id: deletion.event_id,
                    client,
                    kind: EventType::CompanyDeleted,
                    at,
                    facts: EventFacts {
                        company: CompanyFacts::from(&found),
                        connection: None,
                    },
                };
                event::insert(tx, &told).await?;
                audit::insert(tx, &deletion.entry).await?;
                Ok(())
            })
        })
        .await
    }
}
