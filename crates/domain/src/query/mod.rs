//! The query language of lists: `name~bakery&&{dataConnections.status=Linked||created>=2026-01-01}`.
//!
//! A comparison is a property, an operator and a value. `&&` binds closer than `||`; `{` and `}` group. A value reaches to the next
//! `&&`, `||` or brace, without the blanks around it; one that holds such signs, or none at all, stands in double quotes, in which
//! `\"` and `\\` stand for the signs themselves. Words compare without case ([`crate::fold`]), and by their characters' numbers where
//! they are ordered. An instant is `2026-03-01T12:00:00Z`, with another offset or none (then it is UTC), or a date alone: its first
//! moment in UTC.
//!
//! A property has no value, one or several (`dataConnections.status` has one for each connection). A comparison holds where one of the
//! values fits it, so it never holds where there is none. `!=` is the opposite of `=`: it holds where no value is equal, and so
//! where there is none.

mod holds;
mod order;
mod parse;
mod properties;

use std::fmt;

use uuid::Uuid;

use crate::Timestamp;

pub use order::{CompanyOrder, ConnectionOrder, IntegrationOrder, Order, Ordered, parse_order};
pub use parse::{CHARACTERS_MOST, COMPARISONS_MOST, DEPTH_MOST, QueryError, parse_query};
pub use properties::{
    CompanyProperty, ConnectionProperty, IntegrationProperty, Property, PropertyKind, TagKey,
};

/// A condition on the entries of a list, over the properties `P`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query<P> {
    /// All of them hold.
    All(Vec<Self>),
    /// One of them holds.
    Any(Vec<Self>),
    /// One comparison.
    Test(Test<P>),
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test<P> {
    /// What is compared.
    pub property: P,
    /// How.
    pub operator: Operator,
    /// With what.
    pub operand: Operand,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`, the opposite of `=`.
    NotEqual,
    /// `~`: the text holds the other one.
    Contains,
    /// `>`
    Greater,
    /// `<`
    Less,
    /// `>=`
    GreaterOrEqual,
    /// `<=`
    LessOrEqual,
}

impl Operator {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Equal,
        Self::NotEqual,
        Self::Contains,
        Self::Greater,
        Self::Less,
        Self::GreaterOrEqual,
        Self::LessOrEqual,
    ];

    /// Its sign.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Contains => "~",
            Self::Greater => ">",
            Self::Less => "<",
            Self::GreaterOrEqual => ">=",
            Self::LessOrEqual => "<=",
        }
    }
}

/// A value, of a query or of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// An id.
    Id(Uuid),
    /// A text, folded.
    Text(String),
    /// An instant.
    Instant(Timestamp),
    /// Yes or no.
    Bool(bool),
}

/// As it is written, in a form that parses to the same.
impl<P: Property> fmt::Display for Query<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, sign) = match self {
            Self::Test(test) => return test.fmt(f),
            Self::All(parts) => (parts, "&&"),
            Self::Any(parts) => (parts, "||"),
        };
        for (number, part) in parts.iter().enumerate() {
            if number > 0 {
                f.write_str(sign)?;
            }
            match part {
                Self::Test(test) => test.fmt(f)?,
                Self::All(_) | Self::Any(_) => write!(f, "{{{part}}}")?,
            }
        }
        Ok(())
    }
}

impl<P: Property> fmt::Display for Test<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.property.name();
        if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.') {
            f.write_str(name)?;
        } else {
            quoted(f, name)?;
        }
        f.write_str(self.operator.sign())?;
        match &self.operand {
            Operand::Id(id) => id.fmt(f),
            Operand::Text(text) => quoted(f, text),
            Operand::Instant(at) => at.fmt(f),
            Operand::Bool(truth) => truth.fmt(f),
        }
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
