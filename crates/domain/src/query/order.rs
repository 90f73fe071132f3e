//! `orderBy`: by which property a list is ordered, and which way.

use crate::FieldError;

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order<P> {
    /// By what.
    pub by: P,
    /// From the largest to the smallest.
    pub descending: bool,
}

/// What a list can be ordered by.
pub trait Ordered: Copy + 'static {
    /// All of them, by name.
    const ALL: &'static [(&'static str, Self)];
}

/// Reads `orderBy`: a property, with `-` in front for the opposite order.
pub fn parse_order<P: Ordered>(text: &str) -> Result<Order<P>, FieldError> {
    let text = text.trim();
    let name = text.strip_prefix('-');
    let (name, descending) = (name.unwrap_or(text), name.is_some());
    match P::ALL.iter().find(|(known, _)| *known == name) {
        Some((_, by)) => Ok(Order {
            by: *by,
            descending,
        }),
        None => {
            let known: Vec<&str> = P::ALL.iter().map(|(name, _)| *name).collect();
            Err(FieldError::new(
                "orderBy",
                format!(
                    "must be one of {}, with - in front for the opposite order",
                    known.join(", ")
                ),
            ))
        }
    }
}

/// What companies are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompanyOrder {
    /// When they were created.
    Created,
    /// Their names, without case.
    Name,
    /// When their data was last read; those where it never was come first.
    LastSync,
}

impl Ordered for CompanyOrder {
    const ALL: &'static [(&'static str, Self)] = &[
        ("name", Self::Name),
        ("created", Self::Created),
        ("lastSync", Self::LastSync),
    ];
}

/// What a company's connections are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionOrder {
    /// When they were created.
    Created,
    /// When their data was last read; those where it never was come first.
    LastSync,
    /// Their integrations' names, without case.
    PlatformName,
    /// Their kinds' names.
    SourceType,
    /// Their statuses' names.
    Status,
}

impl Ordered for ConnectionOrder {
    const ALL: &'static [(&'static str, Self)] = &[
        ("created", Self::Created),
        ("lastSync", Self::LastSync),
        ("platformName", Self::PlatformName),
        ("sourceType", Self::SourceType),
        ("status", Self::Status),
    ];
}

/// What integrations are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntegrationOrder {
    /// Their names, without case.
    Name,
    /// Their keys.
    Key,
    /// Their kinds' names.
    SourceType,
    /// Whether they are enabled: those that are not come first.
    Enabled,
}

impl Ordered for IntegrationOrder {
    const ALL: &'static [(&'static str, Self)] = &[
        ("name", Self::Name),
        ("key", Self::Key),
        ("sourceType", Self::SourceType),
        ("enabled", Self::Enabled),
    ];
}
