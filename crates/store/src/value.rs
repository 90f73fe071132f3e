//! Parameters of statements.

use handclasp_domain::{
    ApiKeyId, AttemptId, AuditId, ClientId, CompanyId, ConnectionErrorId, ConnectionId, ConsentId,
    ConsumerId, CorrelationId, EventId, Id, IntegrationId, JourneyId, ReplicaId, RuleId, SourceId,
    Timestamp,
};
use uuid::Uuid;

use crate::StoreError;
use crate::row::{Cell, Column};

/// A parameter's value. Its `Debug` shows the kind and never the content: parameters hold personal data and
/// sealed secrets.
#[derive(Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// NULL, of whatever type the parameter has.
    Null,
    /// A whole number, and an instant as microseconds.
    Int(i64),
    /// A truth value.
    Bool(bool),
    /// A text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A UUID.
    Uuid(Uuid),
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Int(_) => "Int",
            Self::Bool(_) => "Bool",
            Self::Text(_) => "Text",
            Self::Bytes(_) => "Bytes",
            Self::Uuid(_) => "Uuid",
        })
    }
}

/// A slice of [`Value`]s out of anything that becomes one: `values![client, id, name]`.
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::Value::from($value)),*] };
}

macro_rules! values_from {
    ($($from:ty => $value:ident, |$it:ident| $into:expr;)+) => {$(
        impl<'a> From<$from> for Value<'a> {
            fn from($it: $from) -> Self { Self::$value($into) }
        }
    )+};
}

values_from! {
    i64 => Int, |it| it;
    i32 => Int, |it| it.into();
    u32 => Int, |it| it.into();
    u16 => Int, |it| it.into();
    bool => Bool, |it| it;
    &'a str => Text, |it| it;
    &'a String => Text, |it| it;
    &'a [u8] => Bytes, |it| it;
    &'a Vec<u8> => Bytes, |it| it;
    Uuid => Uuid, |it| it;
    Timestamp => Int, |it| it.as_micros();
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(text: &'a Option<String>) -> Self {
        text.as_deref().into()
    }
}

impl<'a> From<&'a Option<Vec<u8>>> for Value<'a> {
    fn from(bytes: &'a Option<Vec<u8>>) -> Self {
        bytes.as_deref().into()
    }
}

/// Every id of the domain, as a parameter and as a column. A new one is added here.
macro_rules! ids {
    ($($id:ident),+ $(,)?) => {$(
        impl From<$id> for Value<'_> {
            fn from(id: $id) -> Self { Self::Uuid(id.uuid()) }
        }
        impl From<&$id> for Value<'_> {
            fn from(id: &$id) -> Self { Self::Uuid(id.uuid()) }
        }
        impl Column for $id {
            fn read(cell: Cell<'_>) -> Result<Self, StoreError> {
                Uuid::read(cell).map(Self::from_uuid)
            }
        }
    )+};
}

ids![
    ApiKeyId,
    AttemptId,
    AuditId,
    ClientId,
    CompanyId,
    ConnectionErrorId,
    ConnectionId,
    ConsentId,
    ConsumerId,
    CorrelationId,
    EventId,
    IntegrationId,
    JourneyId,
    ReplicaId,
    RuleId,
    SourceId,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_content() {
        let name = String::from("Ada");
        let values: &[Value<'_>] = values![7, &name, Some("Ada"), None::<i64>, b"Ada"];
        assert_eq!(format!("{values:?}"), "[Int, Text, Text, Null, Bytes]");
    }
}
