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
}

/// The values of a page without a condition and of one with a mark: the client, the mark, how many after how many.
const COMMON: usize = 4;

/// A part of a [`Composed`] statement.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    /// A piece of SQL.
    Sql(&'static str),
    /// A value, for which a parameter is written.
    Value(Bound),
}

/// A value that a [`Composed`] statement carries with it.
#[derive(Clone)]
pub(crate) enum Bound {
    /// A whole number, and an instant.
    Int(i64),
    /// A text.
    Text(String),
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
            Bound::Int(number) => Self::Int(*number),
            Bound::Text(text) => Self::Text(text),
            Bound::Uuid(uuid) => Self::Uuid(*uuid),
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

    /// Whether it is worth to be kept prepared: with so few values there are few texts, which are asked again and again. No two of the
    /// longer ones are alike.
    pub(crate) const fn is_common(&self) -> bool {
        self.values.len() <= COMMON
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
