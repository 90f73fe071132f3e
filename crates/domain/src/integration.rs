//! What the rest needs to know of an integration: its key and what kind of source it is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The four lower-case letters by which an integration is known, as in `gbol`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlatformKey([u8; 4]);

impl PlatformKey {
    /// The four letters.
    pub fn as_str(&self) -> &str {
        // Only ASCII letters get in.
        std::str::from_utf8(&self.0).unwrap_or("")
    }
}

/// A text is not a platform key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a platform key has four letters")]
pub struct NotAPlatformKey;

impl FromStr for PlatformKey {
    type Err = NotAPlatformKey;

    /// Case does not matter: `GBOL` is `gbol`.
    fn from_str(text: &str) -> Result<Self, NotAPlatformKey> {
        let letters: [u8; 4] = text.as_bytes().try_into().map_err(|_| NotAPlatformKey)?;
        if !letters.iter().all(u8::is_ascii_alphabetic) {
            return Err(NotAPlatformKey);
        }
        Ok(Self(letters.map(|letter| letter.to_ascii_lowercase())))
    }
}

impl fmt::Display for PlatformKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for PlatformKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlatformKey({self})")
    }
}

impl Serialize for PlatformKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for PlatformKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What kind of software an integration connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SourceType {
    /// Accounting software.
    Accounting,
    /// Banks, to read from.
    Banking,
    /// Bank feeds, to write bank transactions into accounting software.
    BankFeed,
    /// Shops and payment services.
    Commerce,
    /// Expense management.
    Expense,
    /// Anything else.
    Other,
    /// Not known.
    Unknown,
}

impl SourceType {
    /// All of them, in the order in which Link shows them.
    pub const ALL: [Self; 7] = [
        Self::Accounting,
        Self::Banking,
        Self::BankFeed,
        Self::Commerce,
        Self::Expense,
        Self::Other,
        Self::Unknown,
    ];

    /// The wire's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accounting => "Accounting",
            Self::Banking => "Banking",
            Self::BankFeed => "BankFeed",
            Self::Commerce => "Commerce",
            Self::Expense => "Expense",
            Self::Other => "Other",
            Self::Unknown => "Unknown",
        }
    }

    /// The word in lower case, as in redirects and addresses: `accounting`.
    pub const fn as_lower(self) -> &'static str {
        match self {
            Self::Accounting => "accounting",
            Self::Banking => "banking",
            Self::BankFeed => "bankfeed",
            Self::Commerce => "commerce",
            Self::Expense => "expense",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }

    /// Whether a company has at most one active connection of this kind: its books are kept in one place.
    pub const fn is_exclusive(self) -> bool {
        match self {
            Self::Accounting | Self::BankFeed => true,
            Self::Banking | Self::Commerce | Self::Expense | Self::Other | Self::Unknown => false,
        }
    }
}

impl fmt::Display for SourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_four_letters() {
        assert_eq!("GBOL".parse::<PlatformKey>().unwrap().as_str(), "gbol");
        for bad in ["", "gbo", "gbolx", "gb0l", "gbö"] {
            assert_eq!(bad.parse::<PlatformKey>(), Err(NotAPlatformKey), "{bad}");
        }
    }
}
