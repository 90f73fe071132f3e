//! Which migrations are still to be applied, and whether the history fits this program.

use super::Migration;
use crate::{OpenError, Row, StoreError};

/// A migration as the database remembers it.
pub(crate) struct Applied {
    pub(crate) version: String,
    pub(crate) checksum: Vec<u8>,
}

impl Applied {
    /// Takes it from a row of [`super::APPLIED`].
    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            version: row.get(0)?,
            checksum: row.get(1)?,
        })
    }
}

/// SHA-256 of the text as written, before the type words are replaced: the same on both engines.
pub(crate) fn checksum(migration: &Migration) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, migration.sql.as_bytes())
        .as_ref()
        .to_vec()
}

/// What is to be applied, oldest first, with its checksum. `known` and `applied` are in the order of their
/// versions.
pub(crate) fn pending(
    known: &'static [Migration],
    applied: &[Applied],
) -> Result<Vec<(&'static Migration, Vec<u8>)>, OpenError> {
    for past in applied {
        let Some(migration) = known.iter().find(|m| m.version == past.version) else {
            return Err(OpenError::Newer {
                version: past.version.clone(),
            });
        };
        if checksum(migration) != past.checksum {
            return Err(OpenError::Changed {
                version: past.version.clone(),
            });
        }
    }
    let newest = applied.last().map(|past| past.version.as_str());
    let mut pending = Vec::new();
    for migration in known {
        if applied.iter().any(|past| past.version == migration.version) {
            continue;
        }
        if let Some(newest) = newest.filter(|newest| migration.version < *newest) {
            return Err(OpenError::OutOfOrder {
                version: migration.version.to_owned(),
                applied: newest.to_owned(),
            });
        }
        pending.push((migration, checksum(migration)));
    }
    Ok(pending)
}
