//! The database: SQL once, for SQLite and PostgreSQL.
//!
//! [`Store`] is the way in. The aggregates' modules hold the SQL, as [`statements!`], and turn rows into the domain's types;
//! they decide nothing. The engines are in `db`, and nothing outside of it knows which of them it runs on.

pub mod attempt;
pub mod audit;
pub mod client;
pub mod company;
mod company_batch;
pub mod company_filter;
pub mod company_list;
pub mod company_page;
pub mod company_reference;
mod composed;
pub mod connection;
pub mod consent;
pub mod consumer;
pub mod cors;
mod counter;
pub mod credential;
mod db;
pub mod delivery;
mod error;
pub mod event;
pub mod fan_out;
pub mod integration_setting;
pub mod journey;
pub mod kept_answer;
pub mod lane;
mod migrate;
mod options;
pub mod quota;
mod reader;
pub mod refresh;
pub mod registry;
pub mod replica;
mod row;
pub mod rule;
pub mod sandbox;
pub mod sealed;
pub mod server_secret;
mod statement;
mod store;
mod tx;
mod value;

pub use composed::Composed;
pub use error::{BackupError, Cause, OpenError, StoreError};
pub use migrate::{Engine, MIGRATIONS, Migration};
pub use options::{Database, Opening, StoreOptions};
pub use reader::Reader;
pub use row::{Cell, Column, Row};
pub use statement::Statement;
#[doc(hidden)]
pub use statement::for_sqlite;
pub use store::{History, Store};
pub use tx::{ReadTx, Tx};
pub use value::Value;
