//! SQL texts: known when the program is built, written once for both engines.

/// One SQL statement with parameters `$1` to `$n`. Made by [`crate::statements!`] only, so that every one is
/// listed in [`crate::registry`] and tested on both engines.
#[derive(Debug)]
pub struct Statement {
    name: &'static str,
    sql: &'static str,
    sqlite: &'static str,
    parameters: usize,
    whole_table: Option<&'static str>,
}

impl Statement {
    /// Its module and the constant's name, for logs and metrics.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The text as written, which is PostgreSQL's.
    pub const fn sql(&self) -> &'static str {
        self.sql
    }

    /// The same with `?n` for `$n`, since SQLite would number `$n` by first appearance, without `FOR UPDATE` and
    /// `SKIP LOCKED`, which it does not know: there, one transaction writes at a time; and with its own word for `AS UUID`.
    pub const fn sqlite(&self) -> &'static str {
        self.sqlite
    }

    /// How many parameters it takes: the largest `n`.
    pub const fn parameters(&self) -> usize {
        self.parameters
    }

    /// Why it may read a whole table, where it may.
    pub const fn whole_table(&self) -> Option<&'static str> {
        self.whole_table
    }

    #[doc(hidden)]
    pub const fn new(
        name: &'static str,
        sql: &'static str,
        sqlite: &'static [u8],
        whole_table: Option<&'static str>,
    ) -> Self {
        let sqlite = match std::str::from_utf8(sqlite) {
            Ok(text) => text,
            Err(_) => sql,
        };
        Self {
            name,
            sql,
            sqlite,
            parameters: largest_parameter(sql.as_bytes()),
            whole_table,
        }
    }
}

/// Writes `?` for each `$` that a digit follows, blanks for the words of row locks, and `AS BLOB` for `AS UUID`. The length stays, so that
/// it can be done when the program is built.
#[doc(hidden)]
pub const fn for_sqlite<const N: usize>(sql: &str) -> [u8; N] {
    let from = sql.as_bytes();
    let mut to = [0; N];
    let mut at = 0;
    let mut blank_until = 0;
    let mut blob_until = 0;
    while at < N {
        if starts_with(from, at, b"FOR UPDATE") {
            blank_until = at + b"FOR UPDATE".len();
        } else if starts_with(from, at, b"SKIP LOCKED") {
            blank_until = at + b"SKIP LOCKED".len();
        } else if starts_with(from, at, b"AS UUID") {
            blob_until = at + b"AS UUID".len();
        }
        let parameter = from[at] == b'$' && at + 1 < N && from[at + 1].is_ascii_digit();
        to[at] = match () {
            () if at < blank_until => b' ',
            () if at < blob_until => b"AS BLOB"[b"AS BLOB".len() + at - blob_until],
            () if parameter => b'?',
            () => from[at],
        };
        at += 1;
    }
    to
}

const fn starts_with(text: &[u8], at: usize, words: &[u8]) -> bool {
    let mut offset = 0;
    while offset < words.len() {
        if at + offset >= text.len() || text[at + offset] != words[offset] {
            return false;
        }
        offset += 1;
    }
    true
}

const fn largest_parameter(sql: &[u8]) -> usize {
    let mut largest = 0;
    let mut at = 0;
    while at < sql.len() {
        if sql[at] == b'$' {
            let mut number = 0;
            at += 1;
            while at < sql.len() && sql[at].is_ascii_digit() {
                number = number * 10 + (sql[at] - b'0') as usize;
                at += 1;
            }
            if number > largest {
                largest = number;
            }
        } else {
            at += 1;
        }
    }
    largest
}

/// Declares statements: a `static` each, and `STATEMENTS`, the list of them that [`crate::registry`] names.
///
/// ```
/// handclasp_store::statements! {
///     /// One company.
///     pub GET_COMPANY = "SELECT name FROM company WHERE client_id = $1 AND id = $2";
///     /// The clients, of which there are few.
///     pub LIST_CLIENTS = "SELECT id FROM client", whole_table = "a server has tens of clients";
/// }
/// assert_eq!(GET_COMPANY.sqlite(), "SELECT name FROM company WHERE client_id = ?1 AND id = ?2");
/// assert_eq!(GET_COMPANY.parameters(), 2);
/// assert_eq!(STATEMENTS.len(), 2);
/// ```
#[macro_export]
macro_rules! statements {
    ($($(#[$meta:meta])* $vis:vis $name:ident = $sql:expr $(, whole_table = $why:expr)?;)+) => {
        $(
            $(#[$meta])*
            $vis static $name: $crate::Statement = {
                const SQL: &str = $sql;
                const SQLITE: [u8; SQL.len()] = $crate::for_sqlite(SQL);
                $crate::Statement::new(
                    concat!(module_path!(), "::", stringify!($name)),
                    SQL,
                    &SQLITE,
                    $crate::statements!(@why $($why)?),
                )
            };
        )+

        /// Every statement of this module.
        pub(crate) const STATEMENTS: &[&$crate::Statement] = &[$(&$name),+];
    };
    (@why) => { None };
    (@why $why:expr) => { Some($why) };
}

#[cfg(test)]
mod tests {
    statements! {
        /// Parameters out of order, twice, and of two digits.
        MIXED = concat!("SELECT $2, $1, $2, $12", " FROM t WHERE price = '$'");
        /// A claim.
        CLAIM = "SELECT id FROM t LIMIT $1 FOR UPDATE SKIP LOCKED";
        /// A parameter's type.
        TYPED = "VALUES (CAST($1 AS UUID), $2)";
    }

    #[test]
    fn parameters_keep_their_numbers() {
        assert_eq!(
            MIXED.sqlite(),
            "SELECT ?2, ?1, ?2, ?12 FROM t WHERE price = '$'"
        );
        assert_eq!(MIXED.parameters(), 12);
        assert!(MIXED.name().ends_with("::MIXED"));
        assert_eq!(STATEMENTS.len(), 3);
        assert_eq!(CLAIM.sqlite().trim_end(), "SELECT id FROM t LIMIT ?1");
        assert_eq!(TYPED.sqlite(), "VALUES (CAST(?1 AS BLOB), ?2)");
    }
}
