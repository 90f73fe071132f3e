//! The differences in which the declaration is right.

use anyhow::{Result, ensure};
use serde::Deserialize;

use super::Difference;

/// One of them. It holds for these two values alone: when either changes, somebody has to look again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    slug: String,
    field: String,
    table: String,
    declared: String,
    /// Why the declaration is right.
    reason: String,
    /// Where that stands.
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    difference: Vec<Known>,
}

pub(super) fn read(text: &str) -> Result<Vec<Known>> {
    let known = toml::from_str::<File>(text)?.difference;
    for one in &known {
        ensure!(
            !one.reason.trim().is_empty() && one.source.starts_with("https://"),
            "{}: has no reason, or no https address that it stands at",
            one.name()
        );
    }
    Ok(known)
}

impl Known {
    pub(super) fn is(&self, difference: &Difference) -> bool {
        self.slug == difference.slug
            && self.field == difference.field
            && self.table == difference.table
            && self.declared == difference.declared
    }

    pub(super) fn name(&self) -> String {
        format!("{}: {}", self.slug, self.field)
    }
}
