//! Overload, closing, and what becomes of callers who go away.

use std::time::Duration;

use handclasp_store::{Database, Engine, Store, StoreError, Tx, values};
use tokio::sync::mpsc;

use crate::support::*;

both_engines! {
    async fn too_much_work_is_refused_at_once(db: &Fresh) {
        let store = match db.engine() {
            Engine::Sqlite => {
                db.store.close().await;
                db.reopened(|options| options.queue_limit = 4).await
            }
            Engine::Postgres => db.reopened(|options| {
                options.queue_limit = 4;
                options.time_limit = Duration::from_secs(2);
                if let Database::Postgres { pool_size, .. } = &mut options.database {
                    *pool_size = 1;
                }
            }).await,
        };
        let (started, mut running) = mpsc::unbounded_channel();
        let tasks: Vec<_> = (0..20).map(|_| slow(&store, &started)).collect();
        running.recv().await.unwrap();
        let mut refused = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(()) => {}
                Err(StoreError::Overloaded { retry_after }) => {
                    assert!(retry_after >= Duration::from_secs(1));
                    refused += 1;
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        assert!(refused >= 12, "{refused}");
        add(&store, 1).await.unwrap();
        store.close().await;
    }

    async fn closing_finishes_what_was_taken(db: &Fresh) {
        let gate = hold_writer(db).await;
        let mut adding: Vec<_> = (0..50).map(|number| Box::pin(add(&db.store, number))).collect();
        for add in &mut adding {
            // Polled once, it is in the queue.
            assert!(futures::poll!(add.as_mut()).is_pending());
        }
        let closing = { let store = db.store.clone(); tokio::spawn(async move { store.close().await }) };
        let (kept, ()) = tokio::join!(futures::future::join_all(adding), gate.open());
        closing.await.unwrap();
        let refused = kept.iter().filter(|result| matches!(result, Err(StoreError::Closed))).count();
        let kept = kept.iter().filter(|result| result.is_ok()).count();
        assert_eq!(kept + refused, 50);
        assert!(matches!(add(&db.store, 100).await, Err(StoreError::Closed)));
        assert!(matches!(db.store.ping().await, Err(StoreError::Closed)));
        if let Database::Sqlite { path } = &db.options.database {
            assert_eq!(refused, 0);
            assert!(!path.with_extension("db-wal").exists());
        }
        let again = db.reopened(|_| ()).await;
        assert_eq!(count(&again).await, i64::try_from(kept).unwrap());
        again.close().await;
    }

    async fn a_caller_who_goes_away_takes_nothing_with_him(db: &Fresh) {
        let store = match db.engine() {
            Engine::Sqlite => db.store.clone(),
            Engine::Postgres => db.reopened(|options| {
                if let Database::Postgres { pool_size, .. } = &mut options.database {
                    *pool_size = 1;
                }
            }).await,
        };
        let gate = hold_writer(db).await;
        for number in 0..20 {
            let adding = add(&store, number);
            drop(tokio::time::timeout(Duration::from_micros(300 * u64::from(number)), adding).await);
        }
        gate.open().await;
        // The one connection, or the writer, is as good as new.
        add(&store, 100).await.unwrap();
        add(&store, 101).await.unwrap();
        assert!(count(&store).await >= 2);
    }
}

/// A unit of work that takes 20 ms, without waiting for anything that SQLite's writer would refuse.
fn slow(
    store: &Store,
    started: &mpsc::UnboundedSender<()>,
) -> tokio::task::JoinHandle<Result<(), StoreError>> {
    let (store, started) = (store.clone(), started.clone());
    tokio::spawn(async move {
        store
            .write("slow", started, |tx: &mut Tx, started| {
                Box::pin(async move {
                    tx.query(&COUNT, &[]).await?;
                    started.send(()).unwrap();
                    tokio::task::block_in_place(|| std::thread::sleep(Duration::from_millis(20)));
                    tx.execute(&SET, values!["nothing", 1]).await.map(drop)
                })
            })
            .await
    })
}
