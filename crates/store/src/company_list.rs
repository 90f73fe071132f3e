//! What lists of companies are ordered and filtered by, kept up in the transactions of the changes.
//!
//! A company has a row in `company_list`, in the order of creation, with all that a query can ask about: a query that has no index is
//! answered by one pass over these rows. For its tags and connections it has rows in `company_mark` as well, so that the companies
//! with a tag or with a connection in a status are found in their order, and counted by slots.
//!
//! On PostgreSQL all of it is written by upserts where it may be there already: unlike UPDATE, they read no page of an index under
//! SERIALIZABLE, and so creates and connections never make each other fail.

use std::collections::BTreeSet;

use handclasp_domain::{
    ClientId, Company, CompanyId, Connection, PlatformKey, SourceType, Tags, Timestamp, fold,
};

use crate::counter;
use crate::{StoreError, Tx, statements, values};

/// What stands around each mark in a row's `tags` and `connections`. It is a control character, which no tag has.
pub(crate) const AROUND: char = '\u{1e}';
/// What stands between a tag's key and its value.
pub(crate) const BETWEEN: char = '\u{1f}';
/// The `last_sync` of a company whose data was never read.
pub(crate) const NEVER: i64 = 0;

statements! {
    /// A company.
    INSERT = "INSERT INTO company_list (client_id, created, company_id, name, description, last_sync, tags, connections)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// A company that is there.
    RENAME = "INSERT INTO company_list (client_id, created, company_id, name, description, last_sync, tags, connections)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (client_id, created, company_id) DO UPDATE SET
            name = excluded.name, description = excluded.description, last_sync = excluded.last_sync, tags = excluded.tags";
    /// When the data of a company that is there was last read.
    SYNCED = "INSERT INTO company_list (client_id, created, company_id, name, description, last_sync, tags, connections)
        SELECT client_id, created, id, '', NULL, $3, '', '' FROM company WHERE client_id = $1 AND id = $2
        ON CONFLICT (client_id, created, company_id) DO UPDATE SET last_sync = excluded.last_sync";
    /// Which marks a company's connections give it: three that go and some that come.
    CONNECTIONS = "INSERT INTO company_list (client_id, created, company_id, name, description, last_sync, tags, connections)
        SELECT client_id, created, id, '', NULL, 0, '', '' FROM company WHERE client_id = $1 AND id = $2
        ON CONFLICT (client_id, created, company_id) DO UPDATE SET connections =
            replace(replace(replace(company_list.connections, $3, $6), $4, $6), $5, $6) || $7";
    /// A company.
    DELETE = "DELETE FROM company_list WHERE client_id = $1 AND created = $2 AND company_id = $3";
    /// A tag's mark, which is not there.
    TAG = "INSERT INTO company_mark (client_id, mark, created, company_id, n) VALUES ($1, $2, $3, $4, 1)";
    /// A tag's mark.
    UNTAG = "DELETE FROM company_mark WHERE client_id = $1 AND mark = $2 AND created = $3 AND company_id = $4";
    /// How many of a company's connections give it a mark.
    MARK = "INSERT INTO company_mark (client_id, mark, created, company_id, n)
        SELECT client_id, CAST($3 AS TEXT), created, id, CAST($4 AS BIGINT) FROM company WHERE client_id = $1 AND id = $2
        ON CONFLICT (client_id, mark, created, company_id) DO UPDATE SET n = company_mark.n + excluded.n
        RETURNING n";
    /// A mark that none of a company's connections gives it any more.
    UNMARK = "DELETE FROM company_mark WHERE client_id = $1 AND mark = $3 AND company_id = $2 AND n = 0
        AND created = (SELECT created FROM company WHERE client_id = $1 AND id = $2)";
    /// The count of a mark that no company has any more: its name may say something about a company.
    FORGET = "DELETE FROM counter WHERE client_id = $1 AND kind = $2
        AND NOT EXISTS (SELECT 1 FROM company_mark WHERE client_id = $1 AND mark = $3)";
}

/// The mark of a tag, which begins with a sign that no other mark begins with.
pub(crate) fn tag_mark(key: &str, folded: &str) -> String {
    format!("#{key}{BETWEEN}{folded}")
}

/// The kind of a mark's counter.
pub(crate) fn counter_kind(mark: &str) -> String {
    format!("mark:{mark}")
}

/// Marks as a row of `company_list` has them.
pub(crate) fn row_of<'a>(marks: impl IntoIterator<Item = &'a str>) -> String {
    let mut row = String::from(AROUND);
    for mark in marks {
        row.push_str(mark);
        row.push(AROUND);
    }
    row
}

fn tag_marks(tags: &Tags) -> BTreeSet<String> {
    let pairs = tags.as_map().iter();
    pairs
        .map(|(key, value)| tag_mark(key, &fold(value)))
        .collect()
}

fn last_sync(company: &Company) -> i64 {
    company.last_sync.map_or(NEVER, Timestamp::as_micros)
}

/// Adds a company. Called where its own row is added.
pub(crate) async fn insert(tx: &mut Tx, company: &Company) -> Result<(), StoreError> {
    let marks = tag_marks(&company.tags);
    write(tx, &INSERT, company, &marks).await?;
    tag(tx, company, &marks, &BTreeSet::new()).await
}

/// Follows a change of a company's name, description, tags or `last_sync`. Called where its own row is changed.
pub async fn update(tx: &mut Tx, was: &Company, now: &Company) -> Result<(), StoreError> {
    let marks = tag_marks(&now.tags);
    write(tx, &RENAME, now, &marks).await?;
    tag(tx, now, &marks, &tag_marks(&was.tags)).await
}

async fn write(
    tx: &mut Tx,
    statement: &'static crate::Statement,
    company: &Company,
    marks: &BTreeSet<String>,
) -> Result<(), StoreError> {
    let name = fold(company.name.as_str());
    let description = company.description.as_deref().map(fold);
    let tags = row_of(marks.iter().map(String::as_str));
    let connections = String::from(AROUND);
    tx.add(
        statement,
        values![
            company.client,
            company.created,
            company.id,
            &name,
            &description,
            last_sync(company),
            &tags,
            &connections
        ],
    )
    .await
}

/// Follows a use of a company's data, where nothing else of it changes. Called where `last_sync` of its own row is set.
pub async fn synced(
    tx: &mut Tx,
    client: ClientId,
    company: CompanyId,
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(&SYNCED, values![client, company, at]).await?;
    Ok(())
}

/// Takes a company out whose connections are gone already. Called where its own row is deleted.
pub(crate) async fn delete(
    tx: &mut Tx,
    client: ClientId,
    company: CompanyId,
    created: Timestamp,
    tags: &Tags,
) -> Result<(), StoreError> {
    for mark in tag_marks(tags) {
        untag(tx, client, company, created, &mark).await?;
    }
    tx.execute(&DELETE, values![client, created, company])
        .await?;
    Ok(())
}

async fn tag(
    tx: &mut Tx,
    company: &Company,
    marks: &BTreeSet<String>,
    were: &BTreeSet<String>,
) -> Result<(), StoreError> {
    for mark in were.difference(marks) {
        untag(tx, company.client, company.id, company.created, mark).await?;
    }
    let new: Vec<&str> = marks.difference(were).map(String::as_str).collect();
    if new.is_empty() {
        return Ok(());
    }
    for mark in &new {
        let row = values![company.client, *mark, company.created, company.id];
        tx.add(&TAG, row).await?;
    }
    let new: Vec<_> = new.into_iter().map(|mark| (mark, 1)).collect();
    count(tx, company.client, &new).await
}

async fn untag(
    tx: &mut Tx,
    client: ClientId,
    company: CompanyId,
    created: Timestamp,
    mark: &str,
) -> Result<(), StoreError> {
    if tx
        .execute(&UNTAG, values![client, mark, created, company])
        .await?
        > 0
    {
        count(tx, client, &[(mark, -1)]).await?;
        let kind = counter_kind(mark);
        tx.execute(&FORGET, values![client, &kind, mark]).await?;
    }
    Ok(())
}

async fn count(tx: &mut Tx, client: ClientId, changes: &[(&str, i64)]) -> Result<(), StoreError> {
    let kinds: Vec<_> = changes
        .iter()
        .map(|(mark, n)| (counter_kind(mark), *n))
        .collect();
    let kinds: Vec<_> = kinds.iter().map(|(kind, n)| (kind.as_str(), *n)).collect();
    counter::add(tx, client, &kinds).await
}

/// The marks that a connection gives its company: its status, its kind, its integration. No two kinds have a word in common.
fn marks_of(connection: &Connection) -> [&str; 3] {
    [
        connection.status().as_str(),
        source_mark(connection.source_type),
        platform_mark(&connection.platform_key),
    ]
}

/// The mark of a kind of source.
pub(crate) const fn source_mark(source: SourceType) -> &'static str {
    source.as_str()
}

/// The mark of an integration.
pub(crate) fn platform_mark(key: &PlatformKey) -> &str {
    key.as_str()
}

/// Follows a new connection. Called where its own row is added.
pub(crate) async fn connected(tx: &mut Tx, connection: &Connection) -> Result<(), StoreError> {
    let changes = marks_of(connection).map(|mark| (mark, 1));
    change(tx, connection, &changes).await
}

/// Follows a change of a connection. Called where its own row is changed.
pub(crate) async fn moved(
    tx: &mut Tx,
    was: &Connection,
    now: &Connection,
) -> Result<(), StoreError> {
    let (from, to) = (was.status(), now.status());
    if from == to {
        return Ok(());
    }
    change(tx, now, &[(from.as_str(), -1), (to.as_str(), 1)]).await
}

/// Follows the end of a connection. Called where its own row is deleted.
pub(crate) async fn disconnected(tx: &mut Tx, connection: &Connection) -> Result<(), StoreError> {
    let changes = marks_of(connection).map(|mark| (mark, -1));
    change(tx, connection, &changes).await
}

async fn change(
    tx: &mut Tx,
    connection: &Connection,
    changes: &[(&str, i64)],
) -> Result<(), StoreError> {
    let (client, company) = (connection.client, connection.company);
    let mut counts = Vec::with_capacity(changes.len());
    for (mark, by) in changes {
        let row = tx
            .query_opt(&MARK, values![client, company, *mark, *by])
            .await?;
        let left: Option<i64> = row.map(|row| row.get(0)).transpose()?;
        match (left, by) {
            (Some(1), 1) => counts.push((*mark, 1)),
            (Some(0), -1) => {
                tx.execute(&UNMARK, values![client, company, *mark]).await?;
                counts.push((*mark, -1));
            }
            (Some(_) | None, _) => {}
        }
    }
    if counts.is_empty() {
        return Ok(());
    }
    count(tx, client, &counts).await?;
    let gone = counts.iter().filter(|(_, by)| *by < 0);
    let mut gone = gone.map(|(mark, _)| row_of([*mark]));
    // The empty text is found nowhere.
    let mut next = || gone.next().unwrap_or_default();
    let (first, second, third) = (next(), next(), next());
    let come = counts.iter().filter(|(_, by)| *by > 0);
    let come: String = come.map(|(mark, _)| format!("{mark}{AROUND}")).collect();
    let around = String::from(AROUND);
    tx.execute(
        &CONNECTIONS,
        values![client, company, &first, &second, &third, &around, &come],
    )
    .await?;
    Ok(())
}
