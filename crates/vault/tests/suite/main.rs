//! The vault's promises, each kept against what would break it.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod format;
mod keys;
mod mac;
mod seals;

use std::sync::Arc;

use handclasp_ambient::{SeededRandom, SharedRandom};
use handclasp_domain::{ClientId, Id};
use handclasp_vault::{Cell, MasterKey, Vault};
use uuid::Uuid;

fn random(seed: u64) -> SharedRandom {
    Arc::new(SeededRandom::new(seed))
}

fn master(seed: u64) -> MasterKey {
    MasterKey::generate(&SeededRandom::new(seed))
}

fn ring(current: u64, older: &[u64]) -> handclasp_vault::KeyRing {
    let older = older.iter().map(|seed| master(*seed)).collect();
    handclasp_vault::KeyRing::new(master(current), older).unwrap()
}

fn vault(current: u64, older: &[u64]) -> Vault {
    Vault::new(ring(current, older), random(1_000 + current))
}

const ROW: Uuid = Uuid::from_u128(0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8);

fn client(n: u128) -> ClientId {
    ClientId::from_uuid(Uuid::from_u128(n))
}

fn cell() -> Cell {
    Cell {
        client: Some(client(7)),
        table: "connection",
        row: ROW,
        column: "tokens",
    }
}
