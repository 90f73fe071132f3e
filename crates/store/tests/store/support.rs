//! A fresh database for each test, on either engine.

use std::sync::atomic::{AtomicU32, Ordering};

use futures::FutureExt;
use handclasp_domain::Id;
use handclasp_store::{
    Database, Engine, Migration, Row, Store, StoreError, StoreOptions, statements, values,
};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// One test, run on both engines: `both_engines! { async fn name(db: &Fresh) { … } }` becomes `name::sqlite` and
/// `name::postgres`.
macro_rules! both_engines {
    ($($(#[$meta:meta])* async fn $name:ident($db:ident: &Fresh) $body:block)+) => {$(
        $(#[$meta])*
        async fn $name($db: &$crate::support::Fresh) $body

        mod $name {
            #[test]
            fn sqlite() {
                $crate::support::on_sqlite(async |db| super::$name(db).await);
            }

            #[test]
            fn postgres() {
                $crate::support::on_postgres(async |db| super::$name(db).await);
            }
        }
    )+};
}
pub(crate) use both_engines;

/// The tests' own schema.
pub(crate) const SCHEMA: &[Migration] = &[Migration {
    version: "202601010000",
    name: "things",
    sql: "CREATE TABLE thing (
            id {uuid} NOT NULL PRIMARY KEY,
            name {text} NOT NULL,
            n {int} NOT NULL CHECK (n < 1000000),
            flag {bool},
            data {bytes},
            at {instant}
        ) {strict};
        CREATE UNIQUE INDEX thing_name ON thing (name);
        CREATE TABLE part (
            id {int} NOT NULL PRIMARY KEY,
            thing {uuid} NOT NULL REFERENCES thing (id) DEFERRABLE INITIALLY DEFERRED
        ) {strict};",
}];

statements! {
    /// A thing with its obligatory columns.
    pub(crate) ADD = "INSERT INTO thing (id, name, n) VALUES ($1, $2, $3)";
    /// A thing with all of them.
    pub(crate) ADD_WHOLE = "INSERT INTO thing (id, name, n, flag, data, at) VALUES ($1, $2, $3, $4, $5, $6)";
    /// All of a thing.
    pub(crate) WHOLE = "SELECT id, name, n, flag, data, at FROM thing WHERE id = $1";
    /// A thing's number.
    pub(crate) NUMBER = "SELECT n FROM thing WHERE name = $1";
    /// Another number.
    pub(crate) SET = "UPDATE thing SET n = $2 WHERE name = $1";
    /// How many things there are.
    pub(crate) COUNT = "SELECT count(*) FROM thing";
    /// The names.
    pub(crate) NAMES = "SELECT name FROM thing ORDER BY name";
    /// Something that hangs on a thing.
    pub(crate) ADD_PART = "INSERT INTO part (id, thing) VALUES ($1, $2)";
    /// Nothing left.
    pub(crate) CLEAR = "DELETE FROM thing";
    /// Not a statement.
    pub(crate) WRONG = "SELECT nothing FROM nowhere";
}

/// A database of one test's own.
pub(crate) struct Fresh {
    /// How it was opened, to open it again.
    pub(crate) options: StoreOptions,
    /// The store.
    pub(crate) store: Store,
    folder: TempDir,
    direct: String,
}

impl Fresh {
    /// A path in the test's folder.
    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// The engine.
    pub(crate) fn engine(&self) -> Engine {
        self.store.engine()
    }

    /// The PostgreSQL URL, past any pooler.
    pub(crate) fn url(&self) -> &str {
        &self.direct
    }

    /// Opens the same database once more, differently.
    pub(crate) async fn reopened(&self, change: impl FnOnce(&mut StoreOptions)) -> Store {
        let mut options = self.options.clone();
        change(&mut options);
        Store::open(options).await.unwrap()
    }
}

/// A thing's id, from a number.
pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// Adds a thing.
pub(crate) async fn add(store: &Store, number: u32) -> Result<(), StoreError> {
    store
        .write("add", number, |tx, number| {
            Box::pin(async move {
                let name = format!("thing {number}");
                let row = values![id((*number).into()), &name, *number];
                tx.execute(&ADD, row).await.map(drop)
            })
        })
        .await
}

/// How many things there are.
pub(crate) async fn count(store: &Store) -> i64 {
    store.query(&COUNT, &[]).await.unwrap()[0].get(0).unwrap()
}

/// The names of all things.
pub(crate) async fn names(store: &Store) -> Vec<String> {
    let rows = store.query(&NAMES, &[]).await.unwrap();
    rows.iter().map(|row: &Row| row.get(0).unwrap()).collect()
}

/// Runs a test on a fresh SQLite file.
pub(crate) fn on_sqlite(test: impl AsyncFnOnce(&Fresh)) {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        run(folder, String::new(), Database::Sqlite { path }, test).await;
    });
}

/// Runs a test on a fresh PostgreSQL database, made where `HANDCLASP_TEST_POSTGRES` says. Where `HANDCLASP_TEST_POOLER` names
/// a pooler in transaction mode in front of it, the store works through that one.
pub(crate) fn on_postgres(test: impl AsyncFnOnce(&Fresh)) {
    #[expect(clippy::disallowed_methods, reason = "the tests' own settings")]
    let setting = |name| std::env::var(name).ok();
    let Some(server) = setting("HANDCLASP_TEST_POSTGRES") else {
        assert!(
            setting("HANDCLASP_TEST_REQUIRE_ALL").as_deref() != Some("1"),
            "HANDCLASP_TEST_POSTGRES is not set, and HANDCLASP_TEST_REQUIRE_ALL is 1"
        );
        skipped();
        return;
    };
    block_on(async {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("handclasp_store_{}_{made}", std::process::id());
        let admin = connect(&server).await;
        admin
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        let pooler = setting("HANDCLASP_TEST_POOLER");
        let prepared_statements = pooler.is_none();
        let direct = named(&server, &name);
        let database = Database::Postgres {
            url: pooler.map_or(direct.clone(), |pooler| named(&pooler, &name)),
            pool_size: 12,
            prepared_statements,
        };
        let test = run(tempfile::tempdir().unwrap(), direct, database, test);
        let result = std::panic::AssertUnwindSafe(test).catch_unwind().await;
        let drop = format!("DROP DATABASE {name} WITH (FORCE)");
        admin.batch_execute(&drop).await.unwrap();
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
    });
}

#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
fn skipped() {
    eprintln!("SKIPPED: HANDCLASP_TEST_POSTGRES is not set");
}

/// A plain connection, past the store.
pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A server's URL with another database.
fn named(server: &str, name: &str) -> String {
    let (address, query) = server.split_once('?').unwrap_or((server, ""));
    let (address, _) = address.rsplit_once('/').unwrap();
    format!("{address}/{name}?{query}")
}

async fn run(folder: TempDir, direct: String, database: Database, test: impl AsyncFnOnce(&Fresh)) {
    let mut options = StoreOptions::new(database);
    options.migrations = SCHEMA;
    let store = Store::open(options.clone()).await.unwrap();
    let fresh = Fresh {
        options,
        store,
        folder,
        direct,
    };
    test(&fresh).await;
    fresh.store.close().await;
}

fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
}

/// An id type of the domain, to see that ids travel.
pub(crate) fn company(number: u128) -> handclasp_domain::CompanyId {
    handclasp_domain::CompanyId::from_uuid(id(number))
}

/// Keeps the SQLite writer busy inside a body, so that what is queued meanwhile comes into one batch. Does nothing on PostgreSQL.
pub(crate) struct Gate {
    opened: Option<std::sync::mpsc::Sender<()>>,
    held: Option<tokio::task::JoinHandle<Result<(), StoreError>>>,
}

/// Returns once the writer is inside the body.
pub(crate) async fn hold_writer(db: &Fresh) -> Gate {
    if db.engine() == Engine::Postgres {
        return Gate {
            opened: None,
            held: None,
        };
    }
    let (opened, open) = std::sync::mpsc::channel();
    let (inside, entered) = std::sync::mpsc::channel();
    let input = std::sync::Mutex::new((inside, open));
    let store = db.store.clone();
    let held = tokio::spawn(async move {
        store
            .write("hold", input, |_, input| {
                Box::pin(async move {
                    let channels = input.lock().unwrap();
                    // Nobody listens any more when the batch failed and this is run again.
                    let _ = channels.0.send(());
                    let _ = channels.1.recv();
                    Ok(())
                })
            })
            .await
    });
    tokio::task::spawn_blocking(move || entered.recv().unwrap())
        .await
        .unwrap();
    Gate {
        opened: Some(opened),
        held: Some(held),
    }
}

impl Gate {
    /// Lets the writer go on.
    pub(crate) async fn open(self) {
        if let (Some(opened), Some(held)) = (self.opened, self.held) {
            drop(opened);
            held.await.unwrap().unwrap();
        }
    }
}
