//! Where a sealed value belongs.

use handclasp_domain::{ClientId, Id};
use uuid::Uuid;

use crate::KeyId;

/// The place of a sealed value: it opens there and nowhere else.
///
/// `table` and `column` are names that never change once something was sealed under them, whatever
/// becomes of the schema; renaming one makes what is sealed unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cell {
    /// The client that the row belongs to; `None` for what belongs to the whole server.
    pub client: Option<ClientId>,
    /// The table.
    pub table: &'static str,
    /// The row's id.
    pub row: Uuid,
    /// The column.
    pub column: &'static str,
}

impl Cell {
    /// The associated data of a seal: version, client, table, row, column and key id, each preceded by
    /// its length, so that no two places spell the same bytes.
    pub(crate) fn associated_data(&self, version: u8, key: KeyId) -> Vec<u8> {
        let mut data = Vec::with_capacity(96);
        push(&mut data, &[version]);
        match self.client {
            Some(client) => push(&mut data, client.uuid().as_bytes()),
            None => push(&mut data, &[]),
        }
        push(&mut data, self.table.as_bytes());
        push(&mut data, self.row.as_bytes());
        push(&mut data, self.column.as_bytes());
        push(&mut data, &key.to_bytes());
        data
    }
}

/// Appends a part and, before it, its length.
pub(crate) fn push(data: &mut Vec<u8>, part: &[u8]) {
    data.extend_from_slice(&(part.len() as u64).to_be_bytes());
    data.extend_from_slice(part);
}
