//! What only the embedded engine has: a file, a lock on it, a writer, a disk.

use std::time::Duration;

use handclasp_store::{Database, OpenError, Store, StoreError, Tx, values};
use rusqlite::Connection;

use crate::support::*;

fn file(db: &Fresh) -> &std::path::Path {
    match &db.options.database {
        Database::Sqlite { path } => path,
        Database::Postgres { .. } => panic!("not SQLite"),
    }
}

#[test]
fn a_body_that_waits_for_something_else_is_refused() {
    on_sqlite(async |db| {
        let waits = db.store.write("wait", (), |tx: &mut Tx, ()| {
            Box::pin(async move {
                tx.execute(&ADD, values![id(1), "one", 1]).await?;
                tokio::task::yield_now().await;
                Ok(())
            })
        });
        assert!(matches!(waits.await, Err(StoreError::Pended)));
        let waits = db.store.read("wait", (), |_, ()| {
            Box::pin(async move {
                std::future::pending::<()>().await;
                Ok(())
            })
        });
        assert!(matches!(waits.await, Err(StoreError::Pended)));
        add(&db.store, 2).await.unwrap();
        assert_eq!(names(&db.store).await, ["thing 2"]);
    });
}

#[test]
fn a_second_opening_is_refused() {
    on_sqlite(async |db| {
        let refused = Store::open(db.options.clone()).await.unwrap_err();
        let ours = std::process::id();
        assert!(matches!(refused, OpenError::InUse { holder: Some(holder), .. } if holder == ours));
        assert!(
            refused.to_string().contains("in use by another process"),
            "{refused}"
        );
        // And did no harm to the first.
        add(&db.store, 1).await.unwrap();
        // The last handle gone without a word gives the file back too.
        db.store.close().await;
        drop(db.reopened(|_| ()).await);
        let mut tries = 0;
        while let Err(error) = Store::open(db.options.clone()).await {
            assert!(
                matches!(error, OpenError::InUse { .. }) && tries < 100,
                "{error:?}"
            );
            tries += 1;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
}

#[test]
fn what_is_not_ours_is_left_alone() {
    on_sqlite(async |db| {
        let open = |path: &std::path::Path| {
            let mut options = db.options.clone();
            options.database = Database::Sqlite {
                path: path.to_owned(),
            };
            Store::open(options)
        };
        let foreign = db.path("foreign.db");
        let connection = Connection::open(&foreign).unwrap();
        connection
            .execute_batch("CREATE TABLE theirs (id INTEGER)")
            .unwrap();
        drop(connection);
        assert!(matches!(
            open(&foreign).await,
            Err(OpenError::NotOurs { .. })
        ));
        let text = db.path("text.db");
        std::fs::write(&text, "not a database at all, but long enough to look at").unwrap();
        assert!(matches!(open(&text).await, Err(OpenError::NotOurs { .. })));
        let missing = db.path("no/folder/store.db");
        assert!(matches!(open(&missing).await, Err(OpenError::File { .. })));
    });
}

#[test]
fn the_file_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    on_sqlite(async |db| {
        add(&db.store, 1).await.unwrap();
        db.store.backup_to(db.path("copy.db")).await.unwrap();
        for name in [
            "store.db",
            "store.db-wal",
            "store.db-shm",
            "store.db.lock",
            "copy.db",
        ] {
            let mode = std::fs::metadata(db.path(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o077, 0, "{name} {mode:o}");
        }
    });
}

/// The files as they stand when an answer arrives hold what it acknowledges: a crash at that moment loses nothing.
#[test]
fn an_answer_never_precedes_the_file() {
    on_sqlite(async |db| {
        let others: Vec<_> = (0..8_u32)
            .map(|writer| {
                let store = db.store.clone();
                tokio::spawn(async move {
                    for n in 0..50 {
                        add(&store, 1000 * (writer + 1) + n).await.unwrap();
                    }
                })
            })
            .collect();
        for number in 0..20 {
            add(&db.store, number).await.unwrap();
            let copy = db.path(&format!("crashed-{number}.db"));
            std::fs::copy(file(db), &copy).unwrap();
            std::fs::copy(db.path("store.db-wal"), copy.with_extension("db-wal")).unwrap();
            let connection = Connection::open(&copy).unwrap();
            let kept: u32 = connection
                .query_row(
                    "SELECT count(*) FROM thing WHERE n <= ?1",
                    [number],
                    |row| row.get(0),
                )
                .unwrap();
            assert_eq!(kept, number + 1);
        }
        for other in others {
            other.await.unwrap();
        }
    });
}

#[test]
fn a_full_disk_fails_the_write_and_nothing_else() {
    on_sqlite(async |db| {
        db.store.close().await;
        let store = db
            .reopened(|options| options.max_bytes = Some(400_000))
            .await;
        let big = |number: u32| {
            let store = store.clone();
            async move {
                store
                    .write("big", number, |tx: &mut Tx, number| {
                        Box::pin(async move {
                            let name = format!("thing {number} {}", "x".repeat(20_000));
                            let row = values![id((*number).into()), &name, *number];
                            tx.execute(&ADD, row).await.map(drop)
                        })
                    })
                    .await
            }
        };
        let mut kept = 0;
        let error = loop {
            match big(kept).await {
                Ok(()) => kept += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, StoreError::Full), "{error:?}");
        assert!(error.is_retryable() && kept > 5);
        assert_eq!(count(&store).await, i64::from(kept));

        // Small ones still fit, also when they share a batch with one that does not.
        let tasks: Vec<_> = (0..20)
            .map(|number| {
                let (store, big) = (store.clone(), big(1_000 + number));
                tokio::spawn(async move {
                    if number % 5 == 0 {
                        big.await
                    } else {
                        add(&store, 2_000 + number).await
                    }
                })
            })
            .collect();
        for (number, task) in tasks.into_iter().enumerate() {
            let result = task.await.unwrap();
            match number % 5 {
                0 => assert!(matches!(result, Err(StoreError::Full)), "{result:?}"),
                _ => result.unwrap(),
            }
        }
        assert_eq!(count(&store).await, i64::from(kept) + 16);

        // And with room again, all is well.
        store
            .write("clear", (), |tx: &mut Tx, ()| {
                Box::pin(async move { tx.execute(&CLEAR, &[]).await })
            })
            .await
            .unwrap();
        big(1).await.unwrap();
        assert_eq!(count(&store).await, 1);
        store.close().await;
    });
}

#[test]
fn background_work_goes_on_beside_a_busy_interactive_lane() {
    on_sqlite(async |db| {
        let busy: Vec<_> = (0..64)
            .map(|_| {
                let store = db.store.clone();
                tokio::spawn(async move {
                    loop {
                        let write = store.write("busy", (), |_: &mut Tx, ()| {
                            Box::pin(async move {
                                std::thread::sleep(Duration::from_micros(200));
                                Ok::<_, StoreError>(())
                            })
                        });
                        write.await.unwrap();
                    }
                })
            })
            .collect();
        for number in 0..20 {
            let background = db.store.queue("background", number, |tx: &mut Tx, number| {
                Box::pin(async move {
                    let name = format!("thing {number}");
                    tx.execute(&ADD, values![id(*number), &name, 1]).await
                })
            });
            let taken = tokio::time::timeout(Duration::from_secs(5), background).await;
            assert_eq!(taken.unwrap().unwrap(), 1);
        }
        for task in busy {
            task.abort();
        }
    });
}
/// A disk that takes no more in the middle of COMMIT. The limit is a process's own, so it is a process of its own.
#[test]
fn a_disk_that_fails_loses_nothing_acknowledged() {
    on_sqlite(async |db| {
        let status = std::process::Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 1000; exec \"$0\" --ignored --exact sqlite::on_a_failing_disk"])
            .arg(std::env::current_exe().unwrap())
            .current_dir(db.path(""))
            .output()
            .unwrap();
        assert!(
            status.status.success(),
            "{}",
            String::from_utf8_lossy(&status.stdout)
        );
        let acknowledged: u32 = std::fs::read_to_string(db.path("acknowledged"))
            .unwrap()
            .parse()
            .unwrap();
        let store = db
            .reopened(|options| {
                options.database = Database::Sqlite {
                    path: db.path("failing.db"),
                }
            })
            .await;
        let kept = names(&store).await;
        assert!(
            acknowledged > 10 && kept.len() >= acknowledged as usize,
            "{acknowledged} {kept:?}"
        );
        for number in 0..acknowledged {
            assert!(kept.contains(&format!("thing {number}")), "{number}");
        }
        add(&store, 1_000).await.unwrap();
        store.close().await;
    });
}

#[test]
#[ignore = "run by a_disk_that_fails_loses_nothing_acknowledged, with a limit on the size of files"]
fn on_a_failing_disk() {
    on_sqlite(async |db| {
        let path = std::env::current_dir().unwrap().join("failing.db");
        let store = db
            .reopened(|options| options.database = Database::Sqlite { path })
            .await;
        let mut acknowledged = 0;
        let error = loop {
            match add(&store, acknowledged).await {
                Ok(()) => acknowledged += 1,
                Err(error) => break error,
            }
        };
        // What was written may come back after a crash, or not.
        assert!(matches!(error, StoreError::CommitUnknown(_)), "{error:?}");
        // Looking it up settles it, and the store still reads.
        assert_eq!(count(&store).await, i64::from(acknowledged));
        assert!(add(&store, acknowledged + 1).await.is_err());
        std::fs::write("acknowledged", acknowledged.to_string()).unwrap();
    });
}
