//! Everything sealed is sealed anew with the current master key, while all else goes on.
//!
//! Nothing is kept of how far it came: what is sealed with the current key already is passed over, so that it can be stopped at any
//! moment and begun again. A value that changed while it was sealed anew keeps the change; the next pass finds it.

use std::collections::BTreeMap;

use handclasp_store::sealed::{self, RowKey, SealedColumn, SealedValue};
use handclasp_vault::{Cell, KeyId, OpenError, ResealError};

use crate::integration_settings::settings_cell;
use crate::{App, AppError, start};

/// How many rows are read and written in one go.
const BATCH: u32 = 200;

/// How often all is gone through while there is still something that was sealed with another key: by another server, that has not
/// been given the new key as its current one yet.
const PASSES: u32 = 5;

/// What a rotation came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rotated {
    /// How many values were sealed anew.
    pub resealed: u64,
    /// How many are still sealed with another key, because others keep sealing with that.
    pub left: u64,
    /// What can't be opened, by table and column: how many, and why the last of them.
    pub unreadable: BTreeMap<String, (u64, String)>,
}

/// How many values are sealed with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUse {
    /// The key; none for what is no seal.
    pub key: Option<KeyId>,
    /// Whether it is at hand: as the current one, as an older one, or not.
    pub at_hand: AtHand,
    /// How many values.
    pub values: u64,
}

/// Whether a key is at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AtHand {
    /// It is the one that seals.
    Current,
    /// It opens.
    Older,
    /// It is missing: what is sealed with it can't be opened.
    Missing,
}

/// One pass over everything.
#[derive(Default)]
struct Pass {
    resealed: u64,
    /// Changed by somebody meanwhile.
    missed: u64,
    unreadable: BTreeMap<String, (u64, String)>,
}

impl App {
    /// Seals everything anew with the current master key, in small steps. Can be run while servers run, on any of them; what they
    /// change meanwhile is theirs.
    pub async fn rotate_keys(&self) -> Result<Rotated, AppError> {
        let mut rotated = Rotated::default();
        for _ in 0..PASSES {
            let mut pass = Pass::default();
            for column in SealedColumn::ALL {
                self.reseal_column(column, &mut pass).await?;
            }
            rotated.resealed += pass.resealed;
            rotated.left = pass.missed;
            rotated.unreadable = pass.unreadable;
            // The pass that finds nothing to do is the proof.
            if pass.resealed == 0 && pass.missed == 0 {
                return Ok(rotated);
            }
        }
        let current = self.vault().current_key();
        let others = self.key_use().await?.into_iter();
        rotated.left = others
            .filter(|used| used.key != Some(current) && used.at_hand != AtHand::Missing)
            .map(|used| used.values)
            .sum();
        Ok(rotated)
    }

    async fn reseal_column(&self, column: SealedColumn, pass: &mut Pass) -> Result<(), AppError> {
        let mut after = None;
        loop {
            let page = sealed::page(&mut self.store(), column, after.as_ref(), BATCH).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.key.clone());
            let mut fresh = Vec::new();
            for value in page {
                if value.sealed.is_empty() || !self.vault().reseal_needed(&value.sealed) {
                    continue;
                }
                match self.resealed(column, &value) {
                    Ok(sealed) => fresh.push((value, sealed)),
                    Err(why) => {
                        let (table, name) = column.place();
                        let of = pass.unreadable.entry(format!("{table}.{name}"));
                        let (many, last) = of.or_default();
                        *many += 1;
                        *last = why;
                    }
                }
            }
            if fresh.is_empty() {
                continue;
            }
            let many = fresh.len() as u64;
            let replaced = self
                .store()
                .queue("reseal", (column, fresh), |tx, (column, fresh)| {
                    Box::pin(async move {
                        let mut replaced = 0;
                        for (was, sealed) in fresh {
                            replaced += u64::from(sealed::replace(tx, *column, was, sealed).await?);
                        }
                        Ok::<_, AppError>(replaced)
                    })
                })
                .await?;
            pass.resealed += replaced;
            pass.missed += many - replaced;
        }
    }

    fn resealed(&self, column: SealedColumn, value: &SealedValue) -> Result<Vec<u8>, String> {
        let (table, name) = column.place();
        let resealed: Result<Vec<u8>, ResealError> = match &value.key {
            RowKey::Of(client, row) => {
                let cell = Cell {
                    client: Some(*client),
                    table,
                    row: *row,
                    column: name,
                };
                self.vault().reseal(&cell, &value.sealed)
            }
            RowKey::For(client, key) => {
                let cell = settings_cell(*client, *key);
                self.vault().reseal(&cell, &value.sealed)
            }
            RowKey::Named(secret) => start::reseal(self.vault(), secret, &value.sealed)
                .unwrap_or(Err(ResealError::Open(OpenError::Content))),
        };
        resealed.map_err(|error| error.to_string())
    }

    /// How many values are sealed with which master key: the current one first.
    pub async fn key_use(&self) -> Result<Vec<KeyUse>, AppError> {
        let current = self.vault().current_key();
        let older = self.vault().older_keys();
        let mut counts = BTreeMap::<Option<KeyId>, u64>::new();
        // Those at hand are told of even where nothing is sealed with them.
        for key in older.iter().chain([&current]) {
            counts.insert(Some(*key), 0);
        }
        for column in SealedColumn::ALL {
            let mut after = None;
            loop {
                let page = sealed::page(&mut self.store(), column, after.as_ref(), BATCH).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.key.clone());
                for value in page.iter().filter(|value| !value.sealed.is_empty()) {
                    *counts
                        .entry(self.vault().sealed_with(&value.sealed))
                        .or_default() += 1;
                }
            }
        }
        let mut uses: Vec<_> = counts
            .into_iter()
            .map(|(key, values)| KeyUse {
                key,
                at_hand: match key {
                    Some(key) if key == current => AtHand::Current,
                    Some(key) if older.contains(&key) => AtHand::Older,
                    Some(_) | None => AtHand::Missing,
                },
                values,
            })
            .collect();
        uses.sort_by_key(|used| (used.at_hand, used.key));
        Ok(uses)
    }
}
