//! A new company.

use handclasp_domain::{
    Company, CompanyFacts, CompanyName, Event, EventFacts, EventId, EventType, Products,
    References, Tags,
};
use handclasp_store::audit::{self, AuditEntry};
use handclasp_store::company::CompanyWithConnections;
use handclasp_store::{company, event};

use crate::company_products::ProductEvents;
use crate::{App, AppError, Caller, company_references};

/// What a company is created with.
#[derive(Debug, Clone)]
pub struct NewCompany {
    /// The client's reference for it.
    pub name: CompanyName,
    /// The client's notes.
    pub description: Option<String>,
    /// The client's labels.
    pub tags: Tags,
    /// The products that are enabled for it.
    pub products: Products,
    /// Its parent and its subsidiaries.
    pub references: References,
}

/// What few companies are given at once. For all the others it costs nothing.
#[derive(Clone)]
struct Given {
    events: ProductEvents,
    references: References,
}

fn some(products: &Products) -> Option<&Products> {
    (!products.is_empty()).then_some(products)
}

impl App {
    /// Creates a company, with its `company.created`, and a `company.product.added` for each product.
    pub async fn create_company(
        &self,
        caller: &Caller,
        new: NewCompany,
    ) -> Result<CompanyWithConnections, AppError> {
        let now = self.now();
        let company = Company {
            client: caller.client,
            id: self.id(),
            name: new.name,
            description: new.description,
            tags: new.tags,
            products: new.products,
            parent: new.references.parent.as_set().copied().flatten(),
            created: now,
            created_by: caller.name.clone(),
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
            company: Some(company.id),
            ..self.entry(caller, "company.create", now)
        };
        let given = Given {
            events: ProductEvents::draw(self, some(&company.products)),
            references: new.references,
        };
        let input = (company.clone(), event, given, entry);
        let mark = caller.mark(&input.3);
        let created = self
            .carry_out_once(
                "create_company",
                mark,
                input,
                |tx, (new, told, given, entry)| {
                    Box::pin(async move {
                        let relations = if given.references.name_some() {
                            let (client, id) = (new.client, new.id);
                            let references = &given.references;
                            Some(company_references::check(tx, client, id, None, references).await?)
                        } else {
                            None
                        };
                        company::insert(tx, new).await?;
                        event::insert(tx, told).await?;
                        if let Some(relations) = relations {
                            relations.save_subsidiaries(tx).await?;
                        }
                        if let Some(products) = some(&new.products) {
                            let mut bare = new.clone();
                            bare.products = Products::default();
                            given
                                .events
                                .change(tx, &mut bare, products, new.created)
                                .await?;
                        }
                        audit::insert(tx, entry).await?;
                        if given.references.name_some() {
                            // What the others are called is read with it.
                            let whole = company::find_whole(tx, new.client, new.id).await?;
                            return whole.ok_or(AppError::NotFound("company"));
                        }
                        Ok(CompanyWithConnections::alone(new.clone()))
                    })
                },
            )
            .await?;
        self.events_written().notify_one();
        Ok(created)
    }
}
