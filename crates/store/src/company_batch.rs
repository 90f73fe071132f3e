//! Many companies at once, with all that their wire form shows: for the pages of lists.
//!
//! What belongs to a company is asked for by itself, so that no row is wide, and put together here. Each statement takes a hundred
//! companies, as a page mostly has: so its text is always the same, and it is kept prepared. Where there are fewer, NULL stands for the
//! others.
//!
//! Companies and connections are found where they lie, by creation and id: those of a page in the order of creation are read one after the
//! other, however many others there are. Nothing that writes reads this way: see `docs/adr/0010-lists.md`.

use std::collections::HashMap;

use handclasp_domain::{ClientId, CompanyId, ConnectionError, Timestamp};

use crate::company::{CompanyWithConnections, company, reference};
use crate::connection::{ConnectionWithErrors, connection_at};
use crate::{ReadTx, Row, StoreError, Value, statements};

/// How many companies a statement takes.
const AT_ONCE: usize = 100;

/// Where a company lies among its client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// When it was made.
    pub(crate) created: Timestamp,
    /// Which it is.
    pub(crate) id: CompanyId,
}

/// Ids, as rows of one column.
macro_rules! ids {
    () => {
        "(VALUES (CAST($2 AS UUID)), ($3), ($4), ($5), ($6), ($7), ($8), ($9), ($10), ($11), ($12), ($13), ($14), ($15), ($16), ($17), \
         ($18), ($19), ($20), ($21), ($22), ($23), ($24), ($25), ($26), ($27), ($28), ($29), ($30), ($31), ($32), ($33), \
         ($34), ($35), ($36), ($37), ($38), ($39), ($40), ($41), ($42), ($43), ($44), ($45), ($46), ($47), ($48), ($49), \
         ($50), ($51), ($52), ($53), ($54), ($55), ($56), ($57), ($58), ($59), ($60), ($61), ($62), ($63), ($64), ($65), \
         ($66), ($67), ($68), ($69), ($70), ($71), ($72), ($73), ($74), ($75), ($76), ($77), ($78), ($79), ($80), ($81), \
         ($82), ($83), ($84), ($85), ($86), ($87), ($88), ($89), ($90), ($91), ($92), ($93), ($94), ($95), ($96), ($97), \
         ($98), ($99), ($100), ($101)) p"
    };
}

/// Where companies lie, as rows of two columns.
macro_rules! places {
    () => {
        "(VALUES (CAST($2 AS BIGINT), CAST($3 AS UUID)), ($4, $5), ($6, $7), ($8, $9), ($10, $11), ($12, $13), ($14, $15), ($16, $17), \
         ($18, $19), ($20, $21), ($22, $23), ($24, $25), ($26, $27), ($28, $29), ($30, $31), ($32, $33), \
         ($34, $35), ($36, $37), ($38, $39), ($40, $41), ($42, $43), ($44, $45), ($46, $47), ($48, $49), \
         ($50, $51), ($52, $53), ($54, $55), ($56, $57), ($58, $59), ($60, $61), ($62, $63), ($64, $65), \
         ($66, $67), ($68, $69), ($70, $71), ($72, $73), ($74, $75), ($76, $77), ($78, $79), ($80, $81), \
         ($82, $83), ($84, $85), ($86, $87), ($88, $89), ($90, $91), ($92, $93), ($94, $95), ($96, $97), \
         ($98, $99), ($100, $101), ($102, $103), ($104, $105), ($106, $107), ($108, $109), ($110, $111), ($112, $113), \
         ($114, $115), ($116, $117), ($118, $119), ($120, $121), ($122, $123), ($124, $125), ($126, $127), ($128, $129), \
         ($130, $131), ($132, $133), ($134, $135), ($136, $137), ($138, $139), ($140, $141), ($142, $143), ($144, $145), \
         ($146, $147), ($148, $149), ($150, $151), ($152, $153), ($154, $155), ($156, $157), ($158, $159), ($160, $161), \
         ($162, $163), ($164, $165), ($166, $167), ($168, $169), ($170, $171), ($172, $173), ($174, $175), ($176, $177), \
         ($178, $179), ($180, $181), ($182, $183), ($184, $185), ($186, $187), ($188, $189), ($190, $191), ($192, $193), \
         ($194, $195), ($196, $197), ($198, $199), ($200, $201)) p"
    };
}

// Each begins with what is looked for, and says LEFT JOIN: so both engines look it up row by row, whatever they think of the tables' sizes.
// Left a choice, PostgreSQL goes through all of a client's rows while a table is not yet analyzed. So there are rows of NULLs. And it would
// gather all that an EXISTS might find.
statements! {
    /// Companies, and whether others belong to them.
    COMPANIES = concat!("SELECT c.client_id, c.id, c.name, c.description, c.tags, c.created, c.created_by, c.last_sync, c.products,
            c.parent_id, (SELECT b.company_id FROM subsidiary b WHERE b.client_id = c.client_id AND b.parent_id = c.id LIMIT 1) IS NOT NULL
        FROM ", places!(), " LEFT JOIN company c ON c.client_id = $1 AND c.created = p.column1 AND c.id = p.column2");
    /// The connections of companies, each once for every error of it.
    CONNECTIONS = concat!("SELECT n.client_id, n.id, n.company_id, n.platform_key, n.source_type, n.state, n.state_since,
            n.third_party_id, n.third_party_name, n.created, n.last_sync, n.version,
            e.status_code, e.status_text, e.error_message, e.errored_at, e.resolved_at
        FROM ", places!(), "
        LEFT JOIN connection n ON n.client_id = $1 AND n.company_created = p.column1 AND n.company_id = p.column2
        LEFT JOIN connection_error e ON e.client_id = n.client_id AND e.connection_id = n.id
        ORDER BY n.company_id, n.id, e.id");
    /// The companies that belong to others, each with the one that it belongs to.
    SUBSIDIARIES = concat!("SELECT b.parent_id, s.id, s.name, s.description, s.tags, s.created
        FROM ", ids!(), "
        LEFT JOIN subsidiary b ON b.client_id = $1 AND b.parent_id = p.column1
        LEFT JOIN company s ON s.client_id = b.client_id AND s.id = b.company_id");
    /// Companies as others refer to them.
    PARENTS = concat!("SELECT c.id, c.name, c.description, c.tags, c.created
        FROM ", ids!(), " LEFT JOIN company c ON c.client_id = $1 AND c.id = p.column1");
}

/// The companies at these places, in this order. Those that are not there are left out.
pub(crate) async fn find_all(
    tx: &mut ReadTx,
    client: ClientId,
    places: &[Place],
) -> Result<Vec<CompanyWithConnections>, StoreError> {
    let mut found = Vec::with_capacity(places.len());
    for some in places.chunks(AT_ONCE) {
        let mut batch = Batch::of(some);
        let values = at_places(client, some);
        let [companies, connections] = tx.query_each([&COMPANIES, &CONNECTIONS], &values).await?;
        for row in companies {
            batch.add_company(&row)?;
        }
        for row in connections {
            batch.add_connection(&row)?;
        }
        // Most companies stand alone.
        if batch.has_subsidiaries {
            let ids: Vec<_> = some.iter().map(|place| place.id).collect();
            for row in tx.query(&SUBSIDIARIES, &with_ids(client, &ids)).await? {
                batch.add_subsidiary(&row)?;
            }
        }
        let parents = batch.parents();
        if !parents.is_empty() {
            for row in tx.query(&PARENTS, &with_ids(client, &parents)).await? {
                batch.add_parent(&row)?;
            }
        }
        found.extend(batch.finish());
    }
    Ok(found)
}

/// A client and a hundred places: these, of which there are a hundred at most, and NULLs, which are equal to nothing.
fn at_places(client: ClientId, places: &[Place]) -> [Value<'static>; 2 * AT_ONCE + 1] {
    let mut values = [Value::Null; 2 * AT_ONCE + 1];
    values[0] = client.into();
    for (values, place) in values[1..].chunks_exact_mut(2).zip(places) {
        values[0] = place.created.into();
        values[1] = place.id.into();
    }
    values
}

/// A client and a hundred ids: these, of which there are a hundred at most, and NULLs.
fn with_ids(client: ClientId, ids: &[CompanyId]) -> [Value<'static>; AT_ONCE + 1] {
    let mut values = [Value::Null; AT_ONCE + 1];
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
    fn of(places: &[Place]) -> Self {
        Self {
            places: places.iter().map(|place| place.id).zip(0..).collect(),
            companies: vec![None; places.len()],
            has_subsidiaries: false,
        }
    }

    fn get(&mut self, id: CompanyId) -> Option<&mut CompanyWithConnections> {
        let place = *self.places.get(&id)?;
        self.companies.get_mut(place)?.as_mut()
    }

    fn add_company(&mut self, row: &Row) -> Result<(), StoreError> {
        if row.get::<Option<CompanyId>>(1)?.is_none() {
            return Ok(());
        }
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
        let company: Option<CompanyId> = row.get(2)?;
        let Some(found) = company.and_then(|id| self.get(id)) else {
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
        let parent: Option<CompanyId> = row.get(0)?;
        if let Some(found) = parent.and_then(|id| self.get(id)) {
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
        let Some(parent) = reference(row, 0)? else {
            return Ok(());
        };
        for one in self.companies.iter_mut().flatten() {
            if one.company.parent == Some(parent.id) {
                one.parent = Some(parent.clone());
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
