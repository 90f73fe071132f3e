//! SQL that is put together while the program runs: for the query language of lists, and for nothing else.
//!
//! [`Composed::join`] is the only way to one. It takes texts that are known when the program is built, and values, for each of which
//! it writes a parameter. So nothing that somebody sent can become SQL.

use uuid::Uuid;

use crate::Value;

/// A statement made of fixed pieces and bound values. It only reads.
#[derive(Debug)]
pub struct Composed {
    postgres: String,
    sqlite: String,
    values: Vec<Bound>,
    is_kept: bool,
}

/// A part of a [`Composed`] statement.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    /// A piece of SQL.
    Sql(&'static str),
    /// A value, for which a parameter is written.
    Value(Bound),
}

/// A value that a statement carries with it.
#[derive(Clone)]
pub(crate) enum Bound {
    /// NULL.
    Null,
    /// A whole number, and an instant.
    Int(i64),
    /// A truth value.
    Bool(bool),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A UUID.
    Uuid(Uuid),
}

/// Shows the kind and never the content.
impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Value::from(self).fmt(f)
    }
}

impl<'a> From<&'a Bound> for Value<'a> {
    fn from(bound: &'a Bound) -> Self {
        match bound {
            Bound::Null => Self::Null,
            Bound::Int(number) => Self::Int(*number),
            Bound::Bool(truth) => Self::Bool(*truth),
            Bound::Text(text) => Self::Text(text),
            Bound::Bytes(bytes) => Self::Bytes(bytes),
            Bound::Uuid(uuid) => Self::Uuid(*uuid),
        }
    }
}

impl From<&Value<'_>> for Bound {
    fn from(value: &Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Int(number) => Self::Int(*number),
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Text(text) => Self::Text((*text).to_owned()),
            Value::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
            Value::Uuid(uuid) => Self::Uuid(*uuid),
        }
    }
}

impl Composed {
    /// Puts the pieces together.
    pub(crate) fn join(pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut made = Self {
            postgres: String::with_capacity(512),
            sqlite: String::with_capacity(512),
            values: Vec::new(),
            is_kept: false,
        };
        for piece in pieces {
            match piece {
                Piece::Sql(text) => {
                    made.postgres.push_str(text);
                    // The one function that has another name there.
                    made.sqlite.push_str(&text.replace("strpos(", "instr("));
                }
                Piece::Value(value) => {
                    made.values.push(value);
                    let number = made.values.len().to_string();
                    made.postgres.push('$');
                    made.postgres.push_str(&number);
                    made.sqlite.push('?');
                    made.sqlite.push_str(&number);
                }
            }
        }
        made
    }

    /// The text for PostgreSQL.
    pub fn postgres(&self) -> &str {
        &self.postgres
    }

    /// The text for SQLite.
    pub fn sqlite(&self) -> &str {
        &self.sqlite
    }

    /// The same, to be kept prepared, with a plan for whatever values: for one whose text is asked again and again, and which has one
    /// good plan. Of others, no two are alike.
    pub(crate) const fn kept(mut self) -> Self {
        self.is_kept = true;
        self
    }

    /// Whether it is to be kept prepared.
    pub(crate) const fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// The values, in the order of their parameters.
    pub(crate) fn values(&self) -> Vec<Value<'_>> {
        self.values.iter().map(Value::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_parameters() {
        let composed = Composed::join([
            Piece::Sql("SELECT 1 FROM t WHERE a = "),
            Piece::Value(Bound::Int(7)),
            Piece::Sql(" AND strpos(b, "),
            Piece::Value(Bound::Text("'; DROP TABLE t; --".to_owned())),
            Piece::Sql(") > 0"),
        ]);
        assert_eq!(
            composed.postgres(),
            "SELECT 1 FROM t WHERE a = $1 AND strpos(b, $2) > 0"
        );
        assert_eq!(
            composed.sqlite(),
            "SELECT 1 FROM t WHERE a = ?1 AND instr(b, ?2) > 0"
        );
        assert_eq!(format!("{:?}", composed.values()), "[Int, Text]");
    }
}
