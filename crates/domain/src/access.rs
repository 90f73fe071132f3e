//! Who may do what, and who did it.

use std::fmt;

use crate::{ApiKeyId, ClientId, Timestamp};

/// What an API key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Look.
    Read,
    /// Change.
    Write,
    /// Use the credentials of connections.
    Credentials,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Credentials];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Credentials => "credentials",
        }
    }

    /// Reads the word for it.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Read => 1,
            Self::Write => 2,
            Self::Credentials => 4,
        }
    }
}

/// A set of scopes.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// What a key gets unless more is asked for: everything but the credentials.
    pub const ORDINARY: Self = Self(1 | 2);
    /// Everything.
    pub const EVERYTHING: Self = Self(1 | 2 | 4);

    /// Whether `scope` is in it.
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// The same with this one in it.
    #[must_use]
    pub const fn with(self, scope: Scope) -> Self {
        Self(self.0 | scope.bit())
    }

    /// Those that are in it.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }

    /// The stored number.
    pub const fn bits(self) -> i64 {
        self.0 as i64
    }

    /// Reads the stored number; what it does not know grants nothing.
    pub fn from_bits(bits: i64) -> Self {
        Self(u8::try_from(bits & 7).unwrap_or(0))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(Scope::as_str))
            .finish()
    }
}

/// Who does something, as the audit log remembers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A program with an API key.
    ApiKey(ApiKeyId),
    /// The company's person, in Link.
    Person,
    /// The operator, at the command line.
    Operator,
    /// The server itself: a time that ran out.
    System,
}

impl Actor {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey(_) => "apiKey",
            Self::Person => "person",
            Self::Operator => "operator",
            Self::System => "system",
        }
    }
}

/// An API key, without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Whose it is. A key reaches its own client only.
    pub client: ClientId,
    /// Its id.
    pub id: ApiKeyId,
    /// The client's name for it.
    pub name: Option<String>,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used, a second or two late; none where it never was.
    pub last_used: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_keys_do_not_reach_credentials() {
        assert!(Scopes::ORDINARY.has(Scope::Write));
        assert!(!Scopes::ORDINARY.has(Scope::Credentials));
        assert_eq!(
            Scopes::from_bits(Scopes::EVERYTHING.bits()),
            Scopes::EVERYTHING
        );
        assert_eq!(Scopes::from_bits(-8), Scopes::default());
        assert_eq!(format!("{:?}", Scopes::ORDINARY), r#"{"read", "write"}"#);
    }
}
