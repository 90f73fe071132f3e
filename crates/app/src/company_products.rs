//! The products of a company: which are added and removed, and the events that tell it.

use handclasp_domain::{
    Company, CompanyFacts, CompanyId, Event, EventFacts, EventId, EventType, PRODUCTS_MAX,
    ProductIdentifier, Products, Timestamp,
};
use handclasp_store::audit::{self, AuditEntry};
use handclasp_store::{Tx, company, event};

use crate::{App, AppError, Caller};

/// Ids for the events of a change of products, drawn beforehand: which there will be is known in the transaction alone.
#[derive(Clone, Default)]
pub(crate) struct ProductEvents(Vec<EventId>);

impl ProductEvents {
    /// Enough for a change to `wanted`; none where the products stay as they are.
    pub(crate) fn draw(app: &App, wanted: Option<&Products>) -> Self {
        let most = wanted.map_or(0, |wanted| wanted.as_slice().len() + PRODUCTS_MAX);
        Self((0..most).map(|_| app.logged_id()).collect())
    }

    /// Gives a company these products and writes an event for each that is added or removed. Its row is the caller's to save.
    pub(crate) async fn change(
        &self,
        tx: &mut Tx,
        company: &mut Company,
        wanted: &Products,
        at: Timestamp,
    ) -> Result<(), AppError> {
        let before = std::mem::take(&mut company.products);
        let mut ids = self.0.iter().copied();
        let mut now = before.clone();
        for product in before.as_slice().iter().filter(|one| !wanted.has(one)) {
            now.remove(product);
            let kind = EventType::CompanyProductRemoved;
            tell(tx, company, &now, product, kind, ids.next(), at).await?;
        }
        for product in wanted.as_slice().iter().filter(|one| !before.has(one)) {
            now.add(product.clone())?;
            let kind = EventType::CompanyProductAdded;
            tell(tx, company, &now, product, kind, ids.next(), at).await?;
        }
        // In the order that was asked for.
        company.products = wanted.clone();
        Ok(())
    }
}

async fn tell(
    tx: &mut Tx,
    company: &Company,
    products: &Products,
    product: &ProductIdentifier,
    kind: EventType,
    id: Option<EventId>,
    at: Timestamp,
) -> Result<(), AppError> {
    let told = Event {
        id: id.ok_or(AppError::Internal("more events than ids for them"))?,
        client: company.client,
        kind,
        at,
        facts: EventFacts {
            company: CompanyFacts {
                products: products.clone(),
                product: Some(product.clone()),
                ..CompanyFacts::from(company)
            },
            connection: None,
        },
    };
    event::insert(tx, &told).await?;
    Ok(())
}

/// What is done with a product.
#[derive(Debug, Clone, Copy)]
enum Step {
    Add,
    Remove,
}

impl App {
    /// Enables a product for a company, with its `company.product.added`. Nothing happens where it is enabled already.
    pub async fn add_product(
        &self,
        caller: &Caller,
        company: CompanyId,
        product: ProductIdentifier,
    ) -> Result<(), AppError> {
        self.change_product(caller, company, product, Step::Add)
            .await
    }

    /// Disables a product for a company, with its `company.product.removed`. Nothing happens where it is not enabled.
    pub async fn remove_product(
        &self,
        caller: &Caller,
        company: CompanyId,
        product: ProductIdentifier,
    ) -> Result<(), AppError> {
        self.change_product(caller, company, product, Step::Remove)
            .await
    }

    async fn change_product(
        &self,
        caller: &Caller,
        id: CompanyId,
        product: ProductIdentifier,
        step: Step,
    ) -> Result<(), AppError> {
        let (name, action) = match step {
            Step::Add => ("add_product", "company.product.add"),
            Step::Remove => ("remove_product", "company.product.remove"),
        };
        let entry = AuditEntry {
            company: Some(id),
            ..self.entry(caller, action, self.now())
        };
        let mark = (caller.client, entry.id);
        let events = ProductEvents(vec![self.logged_id()]);
        let input = (id, product, step, events, entry);
        self.carry_out(name, mark, input, |tx, input| {
            Box::pin(async move {
                let (id, product, step, events, entry) = input;
                let Some(mut found) = company::find(tx, entry.client, *id).await? else {
                    return Err(AppError::NotFound("company"));
                };
                let was = found.clone();
                let mut wanted = found.products.clone();
                let changed = match step {
                    Step::Add => wanted.add(product.clone())?,
                    Step::Remove => wanted.remove(product),
                };
                if changed {
                    events.change(tx, &mut found, &wanted, entry.at).await?;
                    company::update(tx, &was, &found).await?;
                    audit::insert(tx, entry).await?;
                }
                Ok(())
            })
        })
        .await?;
        self.events_written().notify_one();
        Ok(())
    }
}
