//! What only PostgreSQL has: conflicts, a network, a pool.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use handclasp_store::{
    BackupError, Database, OpenError, Store, StoreError, StoreOptions, Tx, statements, values,
};
use tokio::sync::Barrier;

use crate::proxy::{Mode, Proxy};
use crate::support::*;

statements! {
    /// A thing nobody else has.
    CLAIM = "SELECT name FROM thing ORDER BY name LIMIT 1 FOR UPDATE SKIP LOCKED";
}

fn set_url(options: &mut StoreOptions, new: &str) {
    if let Database::Postgres { url, .. } = &mut options.database {
        new.clone_into(url);
    }
}

/// The same database, reached through a proxy.
async fn behind(db: &Fresh, proxy: &Proxy) -> Store {
    db.reopened(|options| {
        set_url(options, &proxy.url);
        // Long enough for a busy machine to open eight connections, and within the bound that is asserted.
        options.time_limit = Duration::from_millis(2_250);
    })
    .await
}

#[test]
fn a_body_that_collided_is_run_again() {
    on_postgres(async |db| {
        let (both, runs) = (Arc::new(Barrier::new(2)), Arc::new(AtomicU32::new(0)));
        // Each adds a thing when there is none: one after the other, that is one thing.
        let tasks: Vec<_> = (0..2_u32)
            .map(|number| {
                let (store, input) = (db.store.clone(), (number, both.clone(), runs.clone()));
                tokio::spawn(async move {
                    let write = store.write("first", input, |tx: &mut Tx, (number, both, runs)| {
                        Box::pin(async move {
                            let found: i64 = tx.query_one(&COUNT, &[]).await?.get(0)?;
                            if runs.fetch_add(1, Ordering::SeqCst) < 2 {
                                both.wait().await;
                            }
                            if found == 0 {
                                let name = format!("thing {number}");
                                tx.execute(&ADD, values![id((*number).into()), &name, 1])
                                    .await?;
                            }
                            Ok::<_, StoreError>(found)
                        })
                    });
                    write.await
                })
            })
            .collect();
        let mut found = BTreeSet::new();
        for task in tasks {
            found.insert(task.await.unwrap().unwrap());
        }
        assert_eq!(found, BTreeSet::from([0, 1]));
        assert_eq!(count(&db.store).await, 1);
        // PostgreSQL may call off one run more than it has to.
        assert!(runs.load(Ordering::SeqCst) >= 3);
    });
}

#[test]
fn a_body_that_always_collides_ends_in_conflict() {
    on_postgres(async |db| {
        add(&db.store, 1).await.unwrap();
        let runs = Arc::new(AtomicU32::new(0));
        let input = (db.store.clone(), Arc::clone(&runs));
        let unlucky = db
            .store
            .write("unlucky", input, |tx: &mut Tx, (store, runs)| {
                Box::pin(async move {
                    let run = runs.fetch_add(1, Ordering::SeqCst);
                    let n: i64 = tx.query_one(&NUMBER, values!["thing 1"]).await?.get(0)?;
                    // Somebody is always faster.
                    let faster = store.write("faster", run, |tx: &mut Tx, run| {
                        Box::pin(async move { tx.execute(&SET, values!["thing 1", *run]).await })
                    });
                    faster.await?;
                    tx.execute(&SET, values!["thing 1", n + 1]).await
                })
            });
        let error = unlucky.await.unwrap_err();
        assert!(
            matches!(error, StoreError::Conflict) && error.is_retryable(),
            "{error:?}"
        );
        assert_eq!(runs.load(Ordering::SeqCst), 10);
        add(&db.store, 2).await.unwrap();
    });
}

#[test]
fn a_connection_lost_at_commit_is_reported_as_unknown() {
    on_postgres(async |db| {
        let proxy = Proxy::before(db.url());
        let store = behind(db, &proxy).await;
        let modes = [(Mode::CutBeforeCommit, 1, 0), (Mode::CutAfterCommit, 2, 1)];
        for (at_commit, (mode, number, kept)) in [false, true]
            .into_iter()
            .flat_map(|late| modes.map(|one| (late, one)))
        {
            proxy.set(mode);
            // The same, sent together with COMMIT.
            let added = store.write("add", number, |tx: &mut Tx, number| {
                Box::pin(async move {
                    let name = format!("thing {number}");
                    tx.add(&ADD, values![id((*number).into()), &name, *number])
                        .await
                })
            });
            let lost = match at_commit {
                true => added.await.unwrap_err(),
                false => add(&store, number).await.unwrap_err(),
            };
            assert!(
                matches!(lost, StoreError::CommitUnknown(_)),
                "{mode:?} {lost:?}"
            );
            assert!(!lost.is_retryable());
            // Looking it up settles it. The server may be a moment behind.
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(count(&store).await, kept, "{mode:?}");
            add(&store, 10 + number).await.unwrap();
            assert_eq!(count(&store).await, kept + 1);
            store
                .write("clear", (), |tx: &mut Tx, ()| {
                    Box::pin(async move { tx.execute(&CLEAR, &[]).await })
                })
                .await
                .unwrap();
        }
    });
}

#[test]
fn a_lost_answer_to_commit_is_settled_by_what_the_command_left() {
    on_postgres(async |db| {
        let proxy = Proxy::before(db.url());
        let store = behind(db, &proxy).await;
        let add = |number: u32| {
            store.write_marked(
                "add",
                (number, format!("thing {number}")),
                |tx: &mut Tx, (number, name)| {
                    Box::pin(async move {
                        let row = values![id((*number).into()), name, *number];
                        tx.execute(&ADD, row).await.map(drop)
                    })
                },
                |tx, (_, name)| {
                    Box::pin(
                        async move { Ok(tx.query_opt(&NUMBER, values![name]).await?.is_some()) },
                    )
                },
            )
        };
        for (number, mode) in [(1, Mode::CutBeforeCommit), (2, Mode::CutAfterCommit)] {
            proxy.set(mode);
            add(number).await.unwrap();
            assert_eq!(count(&store).await, i64::from(number), "{mode:?}");
        }
        // What the command itself says is not taken for a lost answer.
        let again: StoreError = add(2).await.unwrap_err();
        assert!(matches!(again, StoreError::UniqueViolation), "{again:?}");
        // With the database gone it is not known, and that is said.
        proxy.set(Mode::Refuse);
        let gone: StoreError = add(3).await.unwrap_err();
        assert!(gone.is_retryable(), "{gone:?}");
    });
}

#[test]
fn a_connection_lost_before_commit_is_made_up_for() {
    on_postgres(async |db| {
        let proxy = Proxy::before(db.url());
        let store = behind(db, &proxy).await;
        proxy.set(Mode::CutAtInsert);
        add(&store, 1).await.unwrap();
        assert_eq!(names(&store).await, ["thing 1"]);
        // Connections that broke while they lay in the pool.
        let wide = futures::future::join_all((2..10).map(|number| add(&store, number))).await;
        wide.into_iter().for_each(Result::unwrap);
        proxy.set(Mode::Refuse);
        proxy.set(Mode::Pass);
        let wide = futures::future::join_all((10..18).map(|number| add(&store, number))).await;
        wide.into_iter().for_each(Result::unwrap);
        assert_eq!(count(&store).await, 17);
    });
}

#[test]
fn a_database_that_is_gone_is_reported_in_time_and_found_again() {
    on_postgres(async |db| {
        let proxy = Proxy::before(db.url());
        let store = behind(db, &proxy).await;
        for mode in [Mode::Swallow, Mode::Refuse] {
            let warm = futures::future::join_all((0..8).map(|_| store.ping())).await;
            warm.into_iter().for_each(Result::unwrap);
            proxy.set(mode);
            let started = Instant::now();
            let writes = futures::future::join_all((0..64).map(|number| add(&store, number)));
            let reads = futures::future::join_all((0..64).map(|_| store.ping()));
            let (writes, reads) = tokio::join!(writes, reads);
            assert!(
                started.elapsed() < Duration::from_secs(3),
                "{mode:?} {:?}",
                started.elapsed()
            );
            for result in writes.into_iter().chain(reads) {
                let error = result.unwrap_err();
                assert!(
                    matches!(
                        error,
                        StoreError::Unavailable(_) | StoreError::Overloaded { .. }
                    ),
                    "{mode:?} {error:?}"
                );
            }
            proxy.set(Mode::Pass);
            store.ping().await.unwrap();
            add(&store, 1000 + mode as u32).await.unwrap();
        }
    });
}

#[test]
fn claims_pass_each_other_by() {
    on_postgres(async |db| {
        for number in 0..4 {
            add(&db.store, number).await.unwrap();
        }
        let all = Arc::new(Barrier::new(4));
        let claims = (0..4).map(|_| {
            db.store
                .queue("claim", Arc::clone(&all), |tx: &mut Tx, all| {
                    Box::pin(async move {
                        let row = tx.query_one(&CLAIM, &[]).await?;
                        all.wait().await;
                        row.get::<String>(0)
                    })
                })
        });
        let claimed: BTreeSet<String> = futures::future::join_all(claims)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert_eq!(claimed.len(), 4);
    });
}

#[test]
fn transactions_at_the_same_time_have_slots_of_their_own() {
    on_postgres(async |db| {
        let store = db.reopened(|options| options.first_slot = 16).await;
        for _ in 0..3 {
            let all = Arc::new(Barrier::new(8));
            let slots = (0..8).map(|_| {
                store.write("slot", Arc::clone(&all), |tx: &mut Tx, all| {
                    Box::pin(async move {
                        all.wait().await;
                        Ok::<_, StoreError>(tx.slot())
                    })
                })
            });
            let slots: BTreeSet<i64> = futures::future::join_all(slots)
                .await
                .into_iter()
                .map(Result::unwrap)
                .collect();
            assert_eq!(slots, (16..24).collect());
        }
    });
}

#[test]
fn a_schema_that_went_on_is_followed() {
    on_postgres(async |db| {
        add(&db.store, 1).await.unwrap();
        let all = |store: Store| async move {
            let asked = (0..16).map(async |_| store.query(&NUMBER, values!["thing 1"]).await);
            for rows in futures::future::join_all(asked).await {
                assert_eq!(rows.unwrap()[0].get::<i64>(0).unwrap(), 1);
            }
        };
        all(db.store.clone()).await;
        // Another replica migrated. Statements prepared before no longer fit.
        let client = connect(db.url()).await;
        client
            .batch_execute("ALTER TABLE thing ALTER COLUMN n TYPE INTEGER")
            .await
            .unwrap();
        all(db.store.clone()).await;
        let read = db.store.read("number", (), |tx, ()| {
            Box::pin(async move {
                tx.query_one(&NUMBER, values!["thing 1"])
                    .await?
                    .get::<i64>(0)
            })
        });
        assert_eq!(read.await.unwrap(), 1);
    });
}

#[test]
fn what_cannot_be_opened_says_why() {
    on_postgres(async |db| {
        let open = |url: String| {
            let mut options = db.options.clone();
            set_url(&mut options, &url);
            async move { Store::open(options).await.unwrap_err() }
        };
        let url = db.url();
        let query = if url.contains('?') { '&' } else { '?' };
        let error = open(format!("{url}{query}sslmode=allow")).await;
        assert!(
            matches!(&error, OpenError::Url(why) if why.contains("sslmode=allow")),
            "{error}"
        );
        let error = open("postgres://nobody@127.0.0.1:1/nothing".to_owned()).await;
        assert!(
            matches!(error, OpenError::Store(StoreError::Unavailable(_))),
            "{error:?}"
        );
        let (address, parameters) = url.split_once('?').unwrap_or((url, ""));
        let error = open(format!("{address}_missing?{parameters}")).await;
        assert!(
            matches!(error, OpenError::Store(StoreError::Unavailable(_))),
            "{error:?}"
        );
        let backup = db.store.backup_to(db.path("copy.db")).await.unwrap_err();
        assert!(matches!(backup, BackupError::UsePgDump) && backup.to_string().contains("pg_dump"));
    });
}
