//! Reading, whether inside a transaction or outside of one.

use std::future::Future;

use crate::{ReadTx, Row, Statement, Store, StoreError, Tx, Value};

/// Whatever can answer a query: a transaction, a snapshot, or the store itself with one statement at a time. The reading
/// functions of the aggregates take one, so that each query is written once.
pub trait Reader: Send {
    /// All rows.
    fn rows(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;

    /// The only row, if there is one.
    fn row(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Option<Row>, StoreError>> + Send;
}

impl Reader for Tx {
    async fn rows(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        self.query(statement, values).await
    }

    async fn row(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<Option<Row>, StoreError> {
        self.query_opt(statement, values).await
    }
}

impl Reader for ReadTx {
    async fn rows(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        self.query(statement, values).await
    }

    async fn row(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<Option<Row>, StoreError> {
        self.query_opt(statement, values).await
    }
}

/// One statement at a time, each seeing what is committed when it runs: `company::find(&mut store, …)`.
impl Reader for &Store {
    async fn rows(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        Store::query(self, statement, values).await
    }

    async fn row(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<Option<Row>, StoreError> {
        Store::query_opt(self, statement, values).await
    }
}

/// Reads JSON that this program wrote.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(
    what: &str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::corrupt(format!("{what} is not as stored")))
}

/// Writes JSON for a column. What it is given has no maps with keys that are not text, and so can't fail; if it
/// did, nothing would be written.
pub(crate) fn to_json<T: serde::Serialize>(what: &str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|_| StoreError::statement(format!("{what} can't be stored")))
}
