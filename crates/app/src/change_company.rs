//! A company changed by its client: replaced, or in some fields.

use handclasp_domain::{CompanyId, CompanyName, Edit, Products, References, Tags};
use handclasp_store::audit::{self, AuditEntry};
use handclasp_store::company;
use handclasp_store::company::CompanyWithConnections;

use crate::company_products::ProductEvents;
use crate::{App, AppError, Caller, company_references};

/// What is to become of a company.
#[derive(Debug, Clone, Default)]
pub struct CompanyChange {
    /// The client's reference for it.
    pub name: Edit<CompanyName>,
    /// The client's notes.
    pub description: Edit<Option<String>>,
    /// The client's labels: all of them.
    pub tags: Edit<Tags>,
    /// The products: all of them.
    pub products: Edit<Products>,
    /// Its parent and its subsidiaries.
    pub references: References,
}

impl App {
    /// Replaces a company's fields.
    pub async fn replace_company(
        &self,
        caller: &Caller,
        id: CompanyId,
        change: CompanyChange,
    ) -> Result<CompanyWithConnections, AppError> {
        self.change_company(caller, id, change, "company.replace")
            .await
    }

    /// Changes some of a company's fields.
    pub async fn update_company(
        &self,
        caller: &Caller,
        id: CompanyId,
        change: CompanyChange,
    ) -> Result<CompanyWithConnections, AppError> {
        self.change_company(caller, id, change, "company.update")
            .await
    }

    /// The company is read, changed and saved in one transaction, so that of two changes at one moment neither undoes the other.
    async fn change_company(
        &self,
        caller: &Caller,
        id: CompanyId,
        change: CompanyChange,
        action: &'static str,
    ) -> Result<CompanyWithConnections, AppError> {
        let entry = AuditEntry {
            company: Some(id),
            ..self.entry(caller, action, self.now())
        };
        let mark = caller.mark(&entry);
        let events = ProductEvents::draw(self, change.products.as_set());
        let input = (id, change, events, entry);
        let changed = self
            .carry_out_once("change_company", mark, input, |tx, input| {
                Box::pin(async move {
                    let (id, change, events, entry) = input;
                    let client = entry.client;
                    let Some(mut found) = company::find(tx, client, *id).await? else {
                        return Err(AppError::NotFound("company"));
                    };
                    let (had, was) = (found.parent, found.clone());
                    let relations =
                        company_references::check(tx, client, *id, had, &change.references).await?;
                    change.name.apply(&mut found.name);
                    change.description.apply(&mut found.description);
                    change.tags.apply(&mut found.tags);
                    if let Edit::Set(wanted) = &change.products {
                        events.change(tx, &mut found, wanted, entry.at).await?;
                    }
                    company::update(tx, &was, &found).await?;
                    relations.save_parent(tx, had).await?;
                    relations.save_subsidiaries(tx).await?;
                    audit::insert(tx, entry).await?;
                    let whole = company::find_whole(tx, client, *id).await?;
                    whole.ok_or(AppError::NotFound("company"))
                })
            })
            .await?;
        self.events_written().notify_one();
        Ok(changed)
    }
}
