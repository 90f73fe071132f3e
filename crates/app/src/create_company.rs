//! A new company.

use handclasp_domain::{
    AuditId, Company, CompanyFacts, CompanyName, Event, EventFacts, EventId, EventType, Tags,
};
use handclasp_store::audit::{self, AuditEntry};
use handclasp_store::{company, event};

use crate::{App, AppError, Caller};

/// What a company is created with.
#[derive(Debug, Clone)]
pub struct NewCompany {
    /// The client's reference for it.
    pub name: CompanyName,
    /// The client's notes.
    pub description: Option<String>,
    /// The client's labels.
    pub tags: Tags,
}

impl App {
    /// Creates a company, with its `company.created`.
    pub async fn create_company(
        &self,
        caller: &Caller,
        new: NewCompany,
    ) -> Result<Company, AppError> {
        let now = self.now();
        let company = Company {
            client: caller.client,
            id: self.id(),
            name: new.name,
            description: new.description,
            tags: new.tags,
            created: now,
            created_by: None,
            last_sync: None,
        };
        let event = Event {
            id: self.logged_id::<EventId>(),
            client: caller.client,
            kind: EventType::CompanyCreated,
            at: now,
            facts: EventFacts {
                company: CompanyFacts::from(&company),
                connection: None,
            },
        };
        let entry = AuditEntry {
            client: caller.client,
            id: self.logged_id::<AuditId>(),
            at: now,
            actor: caller.actor,
            action: "company.create",
            company: Some(company.id),
            subject: None,
            address: caller.address.clone(),
            correlation: caller.correlation,
        };
        let mark = caller.mark(&entry);
        let created = self
            .carry_out_once(
                "create_company",
                mark,
                (company, event, entry),
                |tx, (new, told, entry)| {
                    Box::pin(async move {
                        company::insert(tx, new).await?;
                        event::insert(tx, told).await?;
                        audit::insert(tx, entry).await?;
                        Ok(new.clone())
                    })
                },
            )
            .await?;
        self.events_written().notify_one();
        Ok(created)
    }
}
