//! Many companies at once, with all that their wire form shows: for the pages of lists.
//!
//! What belongs to a company is asked for by itself, so that no row is wide and nothing has to be sorted, and put together here. Each
//! statement takes a hundred ids, as a page mostly has: so its text is always the same, and it is kept prepared. Where there are
//! fewer, the last one is said again.

use std::collections::HashMap;

use handclasp_domain::{ClientId, CompanyId, CompanyReference, ConnectionError};

use crate::company::{CompanyWithConnections, company, reference};
use crate::connection::{ConnectionWithErrors, connection_at};
use crate::{ReadTx, Row, StoreError, Value, statements};

/// How many ids a statement takes.
const AT_ONCE: usize = 100;

macro_rules! ids {
    () => {
        "$2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
         $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, \
         $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, $56, $57, $58, $59, $60, $61, \
         $62, $63, $64, $65, $66, $67, $68, $69, $70, $71, $72, $73, $74, $75, $76, $77, $78, $79, $80, $81, \
         $82, $83, $84, $85, $86, $87, $88, $89, $90, $91, $92, $93, $94, $95, $96, $97, $98, $99, $100, $101"
    };
}

statements! {
    /// Companies, and whether others belong to them.
    COMPANIES = concat!("SELECT c.client_id, c.id, c.name, c.description, c.tags, c.created, c.created_by, c.last_sync, c.products,
            c.parent_id, EXISTS (SELECT 1 FROM subsidiary b WHERE b.client_id = c.client_id AND b.parent_id = c.id)
        FROM company c WHERE c.client_id = $1 AND c.id IN (", ids!(), ")");
    /// The connections of companies, each once for every error of it.
    CONNECTIONS = concat!("SELECT n.client_id, n.id, n.company_id, n.platform_key, n.source_type, n.state, n.state_since,
            n.third_party_id, n.third_party_name, n.created, n.last_sync, n.version,
            e.status_code, e.status_text, e.error_message, e.errored_at, e.resolved_at
        FROM connection n
        LEFT JOIN connection_error e ON e.client_id = n.client_id AND e.connection_id = n.id
        WHERE n.client_id = $1 AND n.company_id IN (", ids!(), ") ORDER BY n.company_id, n.id, e.id");
    /// The companies that belong to others, each with the one that it belongs to.
    SUBSIDIARIES = concat!("SELECT b.parent_id, s.id, s.name, s.description, s.tags, s.created
        FROM subsidiary b JOIN company s ON s.client_id = b.client_id AND s.id = b.company_id
        WHERE b.client_id = $1 AND b.parent_id IN (", ids!(), ")");
    /// Companies as others refer to them.
    PARENTS = concat!("SELECT id, name, description, tags, created FROM company WHERE client_id = $1 AND id IN (", ids!(), ")");
}

/// The companies with these ids, in the order of the ids. Those that are not there are left out.
pub(crate) async fn find_all(
    tx: &mut ReadTx,
    client: ClientId,
    ids: &[CompanyId],
) -> Result<Vec<CompanyWithConnections>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(AT_ONCE) {
        let mut batch = Batch::of(some);
        let values = values(client, some);
        let [companies, connections] = tx.query_each([&COMPANIES, &CONNECTIONS], &values).await?;
        for row in companies {
            batch.add_company(&row)?;
        }
        for row in connections {
            batch.add_connection(&row)?;
        }
        // Most companies stand alone.
        if batch.has_subsidiaries {
            for row in tx.query(&SUBSIDIARIES, &values).await? {
                batch.add_subsidiary(&row)?;
            }
        }
        let parents = batch.parents();
        if !parents.is_empty() {
            for row in tx.query(&PARENTS, &self::values(client, &parents)).await? {
                batch.add_parent(&row)?;
            }
        }
        found.extend(batch.finish());
    }
    Ok(found)
}

/// A client and a hundred ids: these, of which there are a hundred at most, and the last one again.
fn values(client: ClientId, ids: &[CompanyId]) -> [Value<'static>; AT_ONCE + 1] {
    let last = ids.last().map_or(Value::Null, Value::from);
    let mut values = [last; AT_ONCE + 1];
    values[0] = client.into();
    for (value, id) in values[1..].iter_mut().zip(ids) {
        *value = id.into();
    }
    values
}

/// Companies of which more and more is known.
struct Batch {
    /// Where each of them stands.
    places: HashMap<CompanyId, usize>,
    companies: Vec<Option<CompanyWithConnections>>,
    has_subsidiaries: bool,
}

impl Batch {
    fn of(ids: &[CompanyId]) -> Self {
        let places = ids.iter().copied().zip(0..).collect();
        Self {
            places,
            companies: vec![None; ids.len()],
            has_subsidiaries: false,
        }
    }

    fn get(&mut self, id: CompanyId) -> Option<&mut CompanyWithConnections> {
        let place = *self.places.get(&id)?;
        self.companies.get_mut(place)?.as_mut()
    }

    fn add_company(&mut self, row: &Row) -> Result<(), StoreError> {
        let company = company(row, 8)?;
        self.has_subsidiaries |= row.get::<bool>(10)?;
        let place = self.places.get(&company.id);
        if let Some(place) = place.and_then(|place| self.companies.get_mut(*place)) {
            *place = Some(CompanyWithConnections::alone(company));
        }
        Ok(())
    }

    /// Rows of one connection come one after the other.
    fn add_connection(&mut self, row: &Row) -> Result<(), StoreError> {
        let Some(found) = self.get(row.get(2)?) else {
            return Ok(());
        };
        let id = row.get(1)?;
        let last = found.connections.last();
        if last.is_none_or(|last| last.connection.id != id) {
            found.connections.push(ConnectionWithErrors {
                connection: connection_at(row, 0)?,
                errors: Vec::new(),
            });
        }
        if let (Some(status_code), Some(last)) =
            (row.get::<Option<String>>(12)?, found.connections.last_mut())
        {
            last.errors.push(ConnectionError {
                status_code,
                status_text: row.get(13)?,
                error_message: row.get(14)?,
                errored_at: row.get(15)?,
                resolved_at: row.get(16)?,
            });
        }
        Ok(())
    }

    fn add_subsidiary(&mut self, row: &Row) -> Result<(), StoreError> {
        let subsidiary = reference(row, 1)?;
        if let Some(found) = self.get(row.get(0)?) {
            found.subsidiaries.extend(subsidiary);
        }
        Ok(())
    }

    /// The companies that these belong to, each once.
    fn parents(&self) -> Vec<CompanyId> {
        let known = self.companies.iter().flatten();
        let mut parents: Vec<_> = known.filter_map(|one| one.company.parent).collect();
        parents.sort_unstable();
        parents.dedup();
        parents
    }

    fn add_parent(&mut self, row: &Row) -> Result<(), StoreError> {
        let parent: Option<CompanyReference> = reference(row, 0)?;
        for one in self.companies.iter_mut().flatten() {
            if one.company.parent.is_some() && one.company.parent == parent.as_ref().map(|p| p.id) {
                one.parent.clone_from(&parent);
            }
        }
        Ok(())
    }

    fn finish(self) -> impl Iterator<Item = CompanyWithConnections> {
        self.companies.into_iter().flatten().map(|mut one| {
            one.connections
                .sort_unstable_by_key(|one| (one.connection.created, one.connection.id));
            one.subsidiaries
                .sort_unstable_by_key(|one| (one.created, one.id));
            one
        })
    }
}
