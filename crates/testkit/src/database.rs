//! A fresh database for each test.

use std::sync::atomic::{AtomicU32, Ordering};

use handclasp_store::{Database, Store, StoreOptions};
use tempfile::TempDir;
use tokio_postgres::NoTls;

use crate::setting::setting;

/// A migrated database of one test's own, on the engine that `HANDCLASP_TEST_ENGINE` names. It is gone when this is dropped.
pub struct TestDatabase {
    store: Store,
    options: StoreOptions,
    /// Where SQLite's file is, and whatever else a test wants to keep.
    folder: TempDir,
    /// Dropped with the rest.
    _made: Option<Made>,
}

/// A database that was made on a PostgreSQL server.
struct Made {
    server: String,
    name: String,
}

impl TestDatabase {
    /// Makes one.
    pub async fn fresh() -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no folder for a test: {e}"));
        let (database, made) = match setting("HANDCLASP_TEST_ENGINE").as_deref() {
            None | Some("sqlite") => {
                let path = folder.path().join("handclasp.db");
                (Database::Sqlite { path }, None)
            }
            Some("postgres") => {
                let made = Made::create().await;
                (made.database(), Some(made))
            }
            Some(other) => panic!("HANDCLASP_TEST_ENGINE is `{other}`: it is sqlite or postgres"),
        };
        let options = StoreOptions::new(database);
        let store = open(&options).await;
        Self {
            store,
            options,
            folder,
            _made: made,
        }
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// How it was opened: to open a second store on it, as another replica does (PostgreSQL only).
    pub fn options(&self) -> &StoreOptions {
        &self.options
    }

    /// A folder that lasts as long as the database.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Closes the database and opens it again, as a server that starts anew does.
    pub async fn reopen(&mut self) {
        self.reopen_with(|_| {}).await;
    }

    /// Closes the database and opens it again with something otherwise: a smaller queue, a largest size.
    pub async fn reopen_with(&mut self, change: impl FnOnce(&mut StoreOptions)) {
        self.store.close().await;
        change(&mut self.options);
        self.store = open(&self.options).await;
    }
}

async fn open(options: &StoreOptions) -> Store {
    match Store::open(options.clone()).await {
        Ok(store) => store,
        Err(error) => panic!("the test's database can't be opened: {error:?}"),
    }
}

impl Made {
    async fn create() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Some(server) = setting("HANDCLASP_TEST_POSTGRES") else {
            panic!("HANDCLASP_TEST_ENGINE is postgres, and HANDCLASP_TEST_POSTGRES is not set");
        };
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("handclasp_test_{}_{number}", std::process::id());
        let made = Self { server, name };
        made.run(&format!("CREATE DATABASE {}", made.name))
            .await
            .unwrap_or_else(|e| panic!("no PostgreSQL database can be made: {e}"));
        made
    }

    fn database(&self) -> Database {
        let (address, query) = match self.server.split_once('?') {
            Some((address, query)) => (address, format!("?{query}")),
            None => (self.server.as_str(), String::new()),
        };
        let Some((server, _)) = address.rsplit_once('/') else {
            panic!("HANDCLASP_TEST_POSTGRES is no URL with a database at its end");
        };
        Database::Postgres {
            url: format!("{server}/{}{query}", self.name),
            pool_size: 12,
            prepared_statements: true,
        }
    }

    async fn run(&self, statement: &str) -> Result<(), tokio_postgres::Error> {
        let (client, connection) = tokio_postgres::connect(&self.server, NoTls).await?;
        let connection = tokio::spawn(connection);
        let result = client.batch_execute(statement).await;
        drop(client);
        // It ends with the client; how is of no interest.
        let _ended = connection.await;
        result
    }
}

impl Drop for Made {
    /// A test that fails must not leave its database behind, so this can't wait for an async clean-up.
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        std::thread::scope(|scope| {
            let worker = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                if let Ok(runtime) = runtime {
                    // The server is one to throw away: a database left behind does no harm.
                    let _dropped = runtime.block_on(self.run(&drop));
                }
            });
            let _joined = worker.join();
        });
    }
}
