//! The schema's history: forward only, and never changed.

use handclasp_store::{
    Database, Engine, MIGRATIONS, Migration, OpenError, Opening, Store, StoreError, StoreOptions,
};

use crate::support::*;

const MORE: &[Migration] = &[
    SCHEMA[0],
    Migration {
        version: "202601020000",
        name: "more",
        sql: "CREATE TABLE more (id {int} NOT NULL PRIMARY KEY) {strict}; INSERT INTO more (id) VALUES (7);",
    },
];
const CHANGED: &[Migration] = &[Migration {
    sql: "CREATE TABLE thing (id {uuid} NOT NULL PRIMARY KEY) {strict};",
    ..SCHEMA[0]
}];
const FORGOTTEN: &[Migration] = &[
    Migration {
        version: "202512010000",
        name: "forgotten",
        sql: "CREATE TABLE forgotten (id {int} NOT NULL PRIMARY KEY) {strict};",
    },
    SCHEMA[0],
];
const BROKEN: &[Migration] = &[
    SCHEMA[0],
    MORE[1],
    Migration {
        version: "202601030000",
        name: "broken",
        sql: "CREATE TABLE half (id {int} NOT NULL PRIMARY KEY) {strict}; INSERT INTO nowhere (id) VALUES (1);",
    },
];
const UNKNOWN: &[Migration] = &[
    SCHEMA[0],
    Migration {
        version: "202601040000",
        name: "unknown",
        sql: "CREATE TABLE t (id {json} NOT NULL PRIMARY KEY) {strict};",
    },
];

handclasp_store::statements! {
    /// What the second migration put there.
    SEVEN = "SELECT id FROM more";
    /// What the broken migration made before it broke.
    HALF = "SELECT id FROM half";
}

async fn open(db: &Fresh, migrations: &'static [Migration]) -> Result<Store, OpenError> {
    db.store.close().await;
    let mut options = db.options.clone();
    options.migrations = migrations;
    Store::open(options).await
}

both_engines! {
    async fn what_is_missing_is_applied_once(db: &Fresh) {
        add(&db.store, 1).await.unwrap();
        for _ in 0..2 {
            let store = open(db, MORE).await.unwrap();
            let row = store.query_opt(&SEVEN, &[]).await.unwrap().unwrap();
            assert_eq!(row.get::<i64>(0).unwrap(), 7);
            assert_eq!(count(&store).await, 1);
            store.close().await;
        }
    }

    async fn a_later_versions_database_is_refused(db: &Fresh) {
        open(db, MORE).await.unwrap().close().await;
        let refused = open(db, SCHEMA).await.unwrap_err();
        assert!(matches!(&refused, OpenError::Newer { version } if version == "202601020000"));
        assert!(refused.to_string().contains("later version"), "{refused}");
    }

    async fn a_changed_migration_is_refused(db: &Fresh) {
        let refused = open(db, CHANGED).await;
        assert!(matches!(refused, Err(OpenError::Changed { version }) if version == "202601010000"));
    }

    async fn a_migration_from_before_is_refused(db: &Fresh) {
        let refused = open(db, FORGOTTEN).await;
        assert!(matches!(refused, Err(OpenError::OutOfOrder { version, .. }) if version == "202512010000"));
    }

    async fn a_migration_that_fails_changes_nothing(db: &Fresh) {
        for (migrations, failing) in [(BROKEN, "202601030000"), (UNKNOWN, "202601040000")] {
            let failed = open(db, migrations).await;
            assert!(matches!(
                failed,
                Err(OpenError::Migration { version, .. } | OpenError::UnknownWord { version, .. })
                    if version == failing
            ));
        }
        let store = open(db, SCHEMA).await.unwrap();
        for statement in [&SEVEN, &HALF] {
            assert!(matches!(store.query(statement, &[]).await, Err(StoreError::Statement(_))));
        }
        store.close().await;
    }

    async fn as_it_is_a_database_is_looked_at_and_not_migrated(db: &Fresh) {
        db.store.close().await;
        let client = match db.engine() {
            Engine::Postgres => Some(connect(db.url()).await),
            Engine::Sqlite => None,
        };
        let mut options = db.options.clone();
        if let Some(client) = &client {
            client.batch_execute("DROP TABLE part, thing, schema_migration, schema_lock").await.unwrap();
        } else {
            let folder = db.path("elsewhere");
            std::fs::create_dir(&folder).unwrap();
            options.database = Database::Sqlite { path: folder.join("handclasp.db") };
        }
        // Where there is none, none is made, and no lock either.
        let as_it_is = StoreOptions { opening: Opening::AsItIs, ..options.clone() };
        let missing = Store::open(as_it_is.clone()).await.unwrap_err();
        assert!(matches!(missing, OpenError::Missing { .. }), "{missing:?}");
        if let Some(client) = &client {
            let tables = client.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", &[]).await;
            assert!(tables.unwrap().is_empty());
        } else {
            assert_eq!(std::fs::read_dir(db.path("elsewhere")).unwrap().count(), 0);
        }

        // One that an earlier version left: it stays as it is, and says what is pending.
        let earlier = StoreOptions { migrations: &[], ..options.clone() };
        Store::open(earlier).await.unwrap().close().await;
        for _ in 0..2 {
            let store = Store::open(as_it_is.clone()).await.unwrap();
            let history = store.history().await.unwrap();
            assert_eq!((history.version, history.pending), (None, MIGRATIONS.len()));
            store.close().await;
        }

        let ours = StoreOptions { migrations: MIGRATIONS, ..options.clone() };
        Store::open(ours).await.unwrap().close().await;
        let store = Store::open(as_it_is.clone()).await.unwrap();
        let history = store.history().await.unwrap();
        let newest = MIGRATIONS.last().map(|migration| migration.version.to_owned());
        assert_eq!((history.version, history.pending), (newest, 0));
        store.close().await;
    }

    async fn a_later_versions_database_can_be_looked_at(db: &Fresh) {
        // The tests' own schema is none that the product knows.
        db.store.close().await;
        let as_it_is = StoreOptions { opening: Opening::AsItIs, ..db.options.clone() };
        let store = Store::open(as_it_is).await.unwrap();
        store.ping().await.unwrap();
        let newer = store.history().await.unwrap_err();
        assert!(matches!(&newer, OpenError::Newer { version } if version == "202601010000"));
        if db.engine() == Engine::Sqlite {
            store.backup_to(db.path("copy.db")).await.unwrap();
        }
        store.close().await;
    }

    async fn the_databases_clock_is_told_where_it_is_another_machines(db: &Fresh) {
        let told = db.store.clock().await.unwrap();
        assert_eq!(told.is_some(), db.engine() == Engine::Postgres);
        if let Some(told) = told {
            let client = connect(db.url()).await;
            let row = client.query_one("SELECT CAST(extract(epoch FROM now()) AS BIGINT)", &[]).await;
            let seconds: i64 = row.unwrap().get(0);
            assert!((told.as_seconds() - seconds).abs() < 60, "{told} is not {seconds}");
        }
    }

    async fn the_products_own_schema_applies(db: &Fresh) {
        db.store.close().await;
        let mut options = db.options.clone();
        options.migrations = handclasp_store::MIGRATIONS;
        if let handclasp_store::Database::Sqlite { path } = &mut options.database {
            path.set_file_name("product.db");
        } else {
            let client = connect(db.url()).await;
            client.batch_execute("DROP TABLE part, thing, schema_migration").await.unwrap();
        }
        let store = Store::open(options.clone()).await.unwrap();
        store.close().await;
        Store::open(options).await.unwrap().close().await;
    }
}

/// Replicas that start at the same moment.
#[test]
fn many_migrate_at_once_on_postgres() {
    on_postgres(async |db| {
        let client = connect(db.url()).await;
        let drop = "DROP TABLE part, thing, schema_migration, schema_lock";
        client.batch_execute(drop).await.unwrap();
        let opening = (0..8).map(|_| {
            let mut options = db.options.clone();
            options.migrations = MORE;
            tokio::spawn(Store::open(options))
        });
        for store in futures::future::join_all(opening).await {
            let store = store.unwrap().unwrap();
            assert_eq!(store.query(&SEVEN, &[]).await.unwrap().len(), 1);
        }
    });
}
