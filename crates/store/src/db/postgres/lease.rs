//! A connection out of the pool, for one transaction.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::{ClientWrapper, Object};
use futures::FutureExt;
use futures::future::join;
use futures::stream::{FuturesOrdered, TryStreamExt};
use handclasp_domain::Timestamp;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::ahead::Ahead;
use super::failure::explain;
use crate::row::Cells;
use crate::{Composed, Row, Statement, StoreError, Value};

/// How long the pool waits for a rollback on a connection whose work was dropped halfway.
const ROLLBACK_LIMIT: Duration = Duration::from_secs(2);
/// How many statements are sent before the first answer is looked at.
const PIPELINED: usize = 256;

/// The slot numbers that no connection has.
pub(super) type Slots = Arc<Mutex<Vec<u32>>>;

/// A connection in use. Given back by [`Lease::keep`]; dropped without it, what runs on it is rolled back first, and where
/// that fails the connection is closed, on which the server rolls back.
pub(crate) struct Lease {
    /// Present until dropped.
    object: Option<Object>,
    /// What begins the transaction, until it was sent, and what was added. It goes out together with the next statement, or with
    /// COMMIT, which saves round trips.
    ahead: Ahead,
    prepared: bool,
    /// How long a statement may take that has no limit of its own.
    time_limit: Duration,
    /// Given back before the connection is: whoever gets that one next takes a slot.
    slot: Option<Slot>,
}

/// A slot number, given back when dropped.
pub(super) struct Slot {
    index: u32,
    first: u32,
    free: Slots,
}

impl Slot {
    /// A free number. There are as many as the pool has connections, so there is one for whoever has a connection.
    pub(super) fn take(free: &Slots, first: u32) -> Option<Self> {
        let index = free.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        Some(Self {
            index,
            first,
            free: Arc::clone(free),
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(self.index);
    }
}

impl Lease {
    pub(super) fn new(
        object: Object,
        prepared: bool,
        time_limit: Duration,
        slot: Option<Slot>,
    ) -> Self {
        Self {
            object: Some(object),
            ahead: Ahead::default(),
            prepared,
            time_limit,
            slot,
        }
    }

    /// Makes the next statement the first one of a transaction.
    pub(super) fn begin(mut self, begin: Arc<str>) -> Self {
        self.ahead = Ahead::begin(begin);
        self
    }

    /// Whether a transaction is open: not before its first statement.
    pub(super) fn is_open(&self) -> bool {
        self.ahead.begin.is_none()
    }

    /// Whether there is something to commit.
    pub(super) fn has_work(&self) -> bool {
        self.is_open() || !self.ahead.adds_nothing()
    }

    pub(crate) const fn slot(&self) -> i64 {
        match &self.slot {
            Some(slot) => slot.first as i64 + slot.index as i64,
            None => 0,
        }
    }

    fn client(&self) -> Result<&ClientWrapper, StoreError> {
        self.object
            .as_deref()
            .ok_or_else(|| StoreError::unavailable("the connection was given back"))
    }

    /// Runs SQL that steers the transaction.
    pub(super) async fn control(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        match &self.object {
            Some(object) => object.batch_execute(sql).await,
            None => Ok(()),
        }
    }

    /// The time by the server's clock.
    pub(super) async fn now(&self) -> Result<Timestamp, StoreError> {
        let sql = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";
        let rows = self.client()?.query_typed(sql, &[]).await;
        let rows = rows.map_err(|error| explain(&error))?;
        let micros = rows.first().and_then(|row| row.try_get(0).ok());
        micros
            .map(Timestamp::from_micros)
            .ok_or(StoreError::NotOneRow)
    }

    /// Ends a transaction that only read, and gives the connection back to the pool. Nobody waits for the answer: whoever gets the
    /// connection next is answered after it, and where it is lost, so is the connection.
    pub(super) fn end_reading(self) {
        if self.is_open() {
            // It is sent when it is first polled.
            let _answered = self.control("COMMIT").now_or_never();
        }
        self.keep();
    }

    /// Gives the connection back to the pool. Nothing may be open on it.
    pub(super) fn keep(mut self) {
        drop(self.slot.take());
        drop(self.object.take());
    }

    /// Closes the connection; the server rolls back what is open.
    pub(super) fn close(mut self) {
        if let Some(object) = self.object.take() {
            drop(Object::take(object));
        }
    }

    /// A statement whose answer nobody asks for, to be sent with the next one.
    pub(crate) fn add(&mut self, statement: &'static Statement, values: &[Value<'_>]) {
        self.ahead.add(statement, values);
    }

    /// What is to be sent with the next statement.
    fn ahead(&mut self) -> Ahead {
        std::mem::take(&mut self.ahead)
    }

    /// Sends what goes ahead, and the statement right behind it.
    async fn first<T>(
        &self,
        ahead: Ahead,
        statement: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if ahead.begin.is_none() && ahead.adds_nothing() {
            return statement.await;
        }
        let sent = ahead.send(self.client()?, self.prepared).await?;
        let result = statement.await;
        sent.then(result).await
    }

    /// Sends what is left to be sent, and COMMIT right behind it. Then the transaction is over, whatever became of it.
    pub(super) async fn commit(&mut self) -> Result<(), StoreError> {
        let ahead = self.ahead();
        let sent = match ahead.send(self.client()?, self.prepared).await {
            Ok(sent) if !sent.is_incomplete() => sent,
            // COMMIT would keep all but what is missing.
            missing => {
                let rolled_back = self.control("ROLLBACK").await;
                rolled_back.map_err(|error| explain(&error))?;
                let missing = missing?;
                let why = StoreError::statement("a statement could not be sent");
                return missing.then(Err(why)).await;
            }
        };
        let committed = self.control("COMMIT").await;
        sent.committed(committed).await
    }

    /// All rows.
    pub(crate) async fn query(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let ahead = self.ahead();
        self.first(ahead, self.query_now(statement, values)).await
    }

    /// All rows of each of these statements, on the same values and without waiting in between.
    pub(crate) async fn query_each(
        &mut self,
        statements: &[&Statement],
        values: &[Value<'_>],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let ahead = self.ahead();
        let sent: FuturesOrdered<_> = statements
            .iter()
            .map(|statement| self.query_now(statement, values))
            .collect();
        self.first(ahead, sent.try_collect()).await
    }

    async fn query_now(
        &self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let client = self.client()?;
        let rows = async {
            if self.prepared {
                let prepared = client.prepare_cached(statement.sql()).await?;
                client.query(&prepared, &parameters(values)).await
            } else {
                client.query_typed(statement.sql(), &typed(values)).await
            }
        };
        let rows = rows.await.map_err(|error| explain(&error))?;
        Ok(rows
            .into_iter()
            .map(|row| Row(Cells::Postgres(row)))
            .collect())
    }

    /// All rows of a composed query, which the server stops at `deadline`.
    pub(crate) async fn query_composed(
        &mut self,
        composed: &Composed,
        deadline: Instant,
    ) -> Result<Vec<Row>, StoreError> {
        let left = deadline.saturating_duration_since(Instant::now());
        let millis = left.as_millis();
        if millis == 0 {
            // To the server, 0 is no limit.
            return Err(StoreError::TooSlow);
        }
        // What is left of the time is this query's alone: what is asked after it has the limit that it always has.
        let mut limit = format!("SET LOCAL statement_timeout = {millis}");
        let usual = self.time_limit.as_millis();
        let mut unlimit = format!("SET LOCAL statement_timeout = {usual}");
        if composed.is_kept() {
            // It goes along an index from the beginning. Without statistics, to sort all rows of a client seems as good to the server.
            limit.push_str("; SET LOCAL enable_sort = off");
            unlimit.push_str("; SET LOCAL enable_sort = DEFAULT");
        } else {
            // The best plan hangs on the values.
            limit.push_str("; SET LOCAL plan_cache_mode = force_custom_plan");
            unlimit.push_str("; SET LOCAL plan_cache_mode = DEFAULT");
        }
        let values = composed.values();
        let prepared = match self.prepared && composed.is_kept() {
            false => None,
            true => {
                // Before anything else is sent: to wait for it in between would let what comes later go before.
                let types: Vec<Type> = values.iter().map(kind).collect();
                let ready = self
                    .client()?
                    .prepare_typed_cached(composed.postgres(), &types);
                Some(ready.await.map_err(|error| explain(&error))?)
            }
        };
        let mut ahead = self.ahead();
        let limit = match &ahead.begin {
            Some(begin) => format!("{begin}; {limit}"),
            None => limit,
        };
        ahead.begin = Some(limit.into());
        let client = self.client()?;
        let query = async {
            let rows = async {
                match &prepared {
                    Some(prepared) => client.query(prepared, &parameters(&values)).await,
                    None => {
                        client
                            .query_typed(composed.postgres(), &typed(&values))
                            .await
                    }
                }
            };
            match rows.await {
                Ok(rows) => Ok(rows
                    .into_iter()
                    .map(|row| Row(Cells::Postgres(row)))
                    .collect()),
                Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => {
                    Err(StoreError::TooSlow)
                }
                Err(error) => Err(explain(&error)),
            }
        };
        let query = async {
            // Sent right behind it, so that nothing is waited for. Where the query failed, so does this, and the transaction is over.
            join(query, self.control(&unlimit)).await.0
        };
        self.first(ahead, query).await
    }

    /// The only row, or none.
    pub(crate) async fn query_opt(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<Option<Row>, StoreError> {
        let mut rows = self.query(statement, values).await?;
        if rows.len() > 1 {
            return Err(StoreError::NotOneRow);
        }
        Ok(rows.pop())
    }

    /// Runs a statement that gives no rows; how many it touched.
    pub(crate) async fn execute(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let ahead = self.ahead();
        self.first(ahead, self.execute_now(statement, values)).await
    }

    async fn execute_now(
        &self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let count = execute_on(self.client()?, self.prepared, statement, values).await;
        count.map_err(|error| explain(&error))
    }

    /// Runs a statement for each of `rows` without waiting in between; how many rows it touched in all.
    pub(crate) async fn execute_many(
        &mut self,
        statement: &Statement,
        rows: &[Vec<Value<'_>>],
    ) -> Result<u64, StoreError> {
        let mut count = 0;
        for rows in rows.chunks(PIPELINED) {
            let ahead = self.ahead();
            // Each is sent when it is first polled, in this order.
            let sent: FuturesOrdered<_> = rows
                .iter()
                .map(|values| self.execute_now(statement, values))
                .collect();
            let sum = sent.try_fold(0, async |sum, one| Ok(sum + one));
            count += self.first(ahead, sum).await?;
        }
        Ok(count)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.slot.take());
        let Some(object) = self.object.take() else {
            return;
        };
        if !self.is_open() {
            // Nothing was sent: back into the pool.
            return;
        }
        // The caller went away in the middle. What it sent is still answered; then this rolls back.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            drop(Object::take(object));
            return;
        };
        let rescue = Rescue(Some(object));
        runtime.spawn(async move {
            let mut rescue = rescue;
            if let Some(object) = &rescue.0
                && let Ok(Ok(())) =
                    tokio::time::timeout(ROLLBACK_LIMIT, object.batch_execute("ROLLBACK")).await
            {
                drop(rescue.0.take());
            }
        });
    }
}

/// A connection with something open on it: closed, unless taken out.
struct Rescue(Option<Object>);

impl Drop for Rescue {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

/// Runs a statement that gives no rows; how many it touched.
pub(super) async fn execute_on(
    client: &ClientWrapper,
    prepared: bool,
    statement: &Statement,
    values: &[Value<'_>],
) -> Result<u64, tokio_postgres::Error> {
    if prepared {
        let prepared = client.prepare_cached(statement.sql()).await?;
        client.execute(&prepared, &parameters(values)).await
    } else {
        client.execute_typed(statement.sql(), &typed(values)).await
    }
}

fn parameters<'a>(values: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values.iter().map(|value| value as _).collect()
}

fn typed<'a>(values: &'a [Value<'a>]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    values
        .iter()
        .map(|value| (value as _, kind(value)))
        .collect()
}

fn kind(value: &Value<'_>) -> Type {
    match value {
        // The server finds out.
        Value::Null => Type::UNKNOWN,
        Value::Int(_) => Type::INT8,
        Value::Bool(_) => Type::BOOL,
        Value::Text(_) => Type::TEXT,
        Value::Bytes(_) => Type::BYTEA,
        Value::Uuid(_) => Type::UUID,
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let wanted = kind(self);
        if !matches!(self, Value::Null) && *ty != wanted {
            return Err(format!("the parameter is {ty}, the value {wanted}").into());
        }
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql(ty, out),
            Self::Bool(value) => value.to_sql(ty, out),
            Self::Text(value) => value.to_sql(ty, out),
            Self::Bytes(value) => value.to_sql(ty, out),
            Self::Uuid(value) => value.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Checked per value, above.
        true
    }

    to_sql_checked!();
}
