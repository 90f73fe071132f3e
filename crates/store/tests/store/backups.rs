//! Copies of a running SQLite database, and the way back.

use std::time::Duration;

use handclasp_store::{BackupError, Database, OpenError, Store, StoreError, Tx, values};
use rusqlite::Connection;

use crate::support::*;

#[test]
fn a_backup_is_one_instant_of_a_busy_store() {
    on_sqlite(async |db| {
        let writing = {
            let store = db.store.clone();
            tokio::spawn(async move {
                for number in 0_u32.. {
                    // Two rows that belong together.
                    let pair = store.write("pair", number, |tx: &mut Tx, number| {
                        Box::pin(async move {
                            for half in [2 * number, 2 * number + 1] {
                                let name = format!("thing {half}");
                                tx.execute(&ADD, values![id(half.into()), &name, 1]).await?;
                            }
                            Ok::<_, StoreError>(())
                        })
                    });
                    if pair.await.is_err() {
                        break;
                    }
                }
            })
        };
        while count(&db.store).await < 500 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let copy = db.path("copy.db");
        db.store.backup_to(&copy).await.unwrap();
        let again = db.store.backup_to(&copy).await;
        assert!(matches!(again, Err(BackupError::Exists { .. })));
        db.store.close().await;
        writing.await.unwrap();

        let connection = Connection::open(&copy).unwrap();
        let kept: i64 = connection
            .query_row("SELECT count(*) FROM thing", (), |row| row.get(0))
            .unwrap();
        assert!(kept >= 500 && kept % 2 == 0, "{kept}");
        assert!(!db.path("copy.db.partial").exists() && !db.path("copy.db-wal").exists());
    });
}

#[test]
fn a_backup_is_checked_and_restored() {
    on_sqlite(async |db| {
        // The product's own schema: that is what a backup is checked against.
        let mut options = db.options.clone();
        options.migrations = handclasp_store::MIGRATIONS;
        options.database = Database::Sqlite {
            path: db.path("product.db"),
        };
        let store = Store::open(options.clone()).await.unwrap();
        let copy = db.path("copy.db");
        store.backup_to(&copy).await.unwrap();
        store.close().await;

        let found = Store::verify(&copy).await.unwrap();
        assert_eq!(
            found.version.as_deref(),
            handclasp_store::MIGRATIONS.last().map(|m| m.version)
        );
        assert_eq!(found.pending, 0);
        let restored = db.path("restored.db");
        Store::restore(&copy, &restored).await.unwrap();
        let twice = Store::restore(&copy, &restored).await;
        assert!(
            matches!(twice, Err(BackupError::Exists { .. })),
            "{twice:?}"
        );
        options.database = Database::Sqlite { path: restored };
        let store = Store::open(options.clone()).await.unwrap();
        store.ping().await.unwrap();
        // A database in use is not restored over either.
        assert!(Store::restore(&copy, db.path("restored.db")).await.is_err());
        store.close().await;

        // Not a backup, a damaged one, another program's, one of a later version.
        assert!(matches!(
            Store::verify(db.path("none")).await,
            Err(BackupError::File { .. })
        ));
        let mut bytes = std::fs::read(&copy).unwrap();
        // The head of the page in the middle: the rest of it may be empty.
        let middle = bytes.len() / 2 / 4096 * 4096;
        bytes[middle..middle + 64].fill(0xaa);
        std::fs::write(db.path("damaged.db"), &bytes).unwrap();
        std::fs::write(db.path("text.db"), "a text".repeat(1000)).unwrap();
        for bad in ["damaged.db", "text.db"] {
            let verified = Store::verify(db.path(bad)).await;
            assert!(
                matches!(verified, Err(BackupError::Unsound { .. })),
                "{bad} {verified:?}"
            );
            let restored = Store::restore(db.path(bad), db.path("never.db")).await;
            assert!(restored.is_err() && !db.path("never.db").exists());
        }
        db.store.backup_to(db.path("tests.db")).await.unwrap();
        let later = Store::verify(db.path("tests.db")).await;
        assert!(
            matches!(later, Err(BackupError::Open(OpenError::Newer { .. }))),
            "{later:?}"
        );
    });
}
