//! What can be asked of the entries of each list: a closed set.

use std::fmt;

use crate::{ConnectionStatus, SourceType};

/// A property that queries of one list can name.
pub trait Property: Clone + PartialEq + fmt::Debug {
    /// The property of a name, with what kind of value it has; or what is wrong with the name, as a clause.
    fn named(name: &str) -> Result<(Self, PropertyKind), String>;
    /// Its name.
    fn name(&self) -> &str;
}

/// What kind of value a property has, and so which operators it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PropertyKind {
    /// A UUID: `=` and `!=`.
    Id,
    /// Any text: all operators.
    Text,
    /// A label's value: `=`, `!=` and `~`.
    Tag,
    /// One of these words: `=`, `!=` and `~`.
    Word(&'static [&'static str]),
    /// An instant: all but `~`.
    Instant,
    /// `true` or `false`: `=` and `!=`.
    Bool,
}

const STATUSES: &[&str] = &[
    ConnectionStatus::PendingAuth.as_str(),
    ConnectionStatus::Linked.as_str(),
    ConnectionStatus::Unlinked.as_str(),
    ConnectionStatus::Deauthorized.as_str(),
];

const SOURCE_TYPES: &[&str] = &[
    SourceType::Accounting.as_str(),
    SourceType::Banking.as_str(),
    SourceType::BankFeed.as_str(),
    SourceType::Commerce.as_str(),
    SourceType::Expense.as_str(),
    SourceType::Other.as_str(),
    SourceType::Unknown.as_str(),
];

macro_rules! properties {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal, $kind:expr;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// What kind of value it has.
            pub const fn kind(self) -> PropertyKind {
                match self { $(Self::$variant => $kind),+ }
            }
        }

        impl Property for $name {
            fn named(name: &str) -> Result<(Self, PropertyKind), String> {
                let found = Self::ALL.iter().find(|one| one.name() == name);
                found.map(|one| (*one, one.kind())).ok_or_else(|| {
                    let known = [$($text),+].join(", ");
                    format!("there is no such property: there are {known}")
                })
            }

            fn name(&self) -> &str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

properties! {
    /// What can be asked of companies.
    CompanyProperty {
        /// Its id.
        Id = "id", PropertyKind::Id;
        /// Its name.
        Name = "name", PropertyKind::Text;
        /// Its description.
        Description = "description", PropertyKind::Text;
        /// When it was created.
        Created = "created", PropertyKind::Instant;
        /// When its data was last read.
        LastSync = "lastSync", PropertyKind::Instant;
        /// Its connections' statuses.
        Status = "dataConnections.status", PropertyKind::Word(STATUSES);
        /// The names of its connections' integrations.
        PlatformName = "dataConnections.platformName", PropertyKind::Text;
        /// What kinds of sources its connections are.
        SourceType = "dataConnections.sourceType", PropertyKind::Word(SOURCE_TYPES);
    }
}

properties! {
    /// What can be asked of a company's connections.
    ConnectionProperty {
        /// Its id.
        Id = "id", PropertyKind::Id;
        /// Its integration's key.
        IntegrationKey = "integrationKey", PropertyKind::Text;
        /// Its integration's name.
        PlatformName = "platformName", PropertyKind::Text;
        /// What kind of source it is.
        SourceType = "sourceType", PropertyKind::Word(SOURCE_TYPES);
        /// Where it stands.
        Status = "status", PropertyKind::Word(STATUSES);
        /// When it was created.
        Created = "created", PropertyKind::Instant;
        /// When its data was last read.
        LastSync = "lastSync", PropertyKind::Instant;
    }
}

properties! {
    /// What can be asked of integrations.
    IntegrationProperty {
        /// Its key.
        Key = "key", PropertyKind::Text;
        /// Its name.
        Name = "name", PropertyKind::Text;
        /// Whether the client offers it.
        Enabled = "enabled", PropertyKind::Bool;
        /// What kind of source it is.
        SourceType = "sourceType", PropertyKind::Word(SOURCE_TYPES);
    }
}

/// The key of a label, which is asked for by itself: `region=uk`. Its case matters, as it does in a company's `tags`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagKey(String);

impl TagKey {
    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Property for TagKey {
    fn named(name: &str) -> Result<(Self, PropertyKind), String> {
        if !(1..=27).contains(&name.chars().count()) {
            return Err("a tag's key has 1 to 27 characters".to_owned());
        }
        Ok((Self(name.to_owned()), PropertyKind::Tag))
    }

    fn name(&self) -> &str {
        &self.0
    }
}
