//! What a body may count on, whichever the engine.

use handclasp_domain::{CompanyId, Timestamp};
use handclasp_store::{StoreError, Tx, Value, values};

use crate::support::*;

both_engines! {
    async fn values_come_back_as_they_went(db: &Fresh) {
        let stores = [db.store.clone(), unprepared(db).await];
        for (number, store) in stores.into_iter().enumerate() {
            let (full, bare) = (id(number as u128), id(100 + number as u128));
            store.write("add", (), move |tx: &mut Tx, ()| Box::pin(async move {
                let name = format!("Ünï{number}");
                let at = Timestamp::from_micros(-5);
                let row = values![full, &name, -7, Some(true), &[0_u8, 255], at];
                assert_eq!(tx.execute(&ADD_WHOLE, row).await?, 1);
                let name = format!("bare{number}");
                let row = values![bare, &name, 7_u32, Value::Null, None::<&[u8]>, None::<i64>];
                assert_eq!(tx.execute(&ADD_WHOLE, row).await?, 1);
                Ok::<_, StoreError>(())
            })).await.unwrap();

            let row = store.query_opt(&WHOLE, values![full]).await.unwrap().unwrap();
            assert_eq!(row.get::<uuid::Uuid>(0).unwrap(), full);
            assert_eq!(row.get::<CompanyId>(0).unwrap(), company(number as u128));
            assert_eq!(row.get::<String>(1).unwrap(), format!("Ünï{number}"));
            assert_eq!(row.get::<i64>(2).unwrap(), -7);
            assert!(row.get::<u32>(2).is_err());
            assert_eq!(row.get::<Option<bool>>(3).unwrap(), Some(true));
            assert_eq!(row.get::<Vec<u8>>(4).unwrap(), [0, 255]);
            assert_eq!(row.get::<Timestamp>(5).unwrap(), Timestamp::from_micros(-5));

            let row = store.query_opt(&WHOLE, values![bare]).await.unwrap().unwrap();
            assert_eq!(row.get::<u32>(2).unwrap(), 7);
            assert_eq!(row.get::<Option<bool>>(3).unwrap(), None);
            assert_eq!(row.get::<Option<Vec<u8>>>(4).unwrap(), None);
            assert_eq!(row.get::<Option<Timestamp>>(5).unwrap(), None);
            assert!(matches!(row.get::<bool>(3), Err(StoreError::Corrupt(_))));
            assert!(matches!(row.get::<i64>(1), Err(StoreError::Corrupt(_))));
            assert!(matches!(row.get::<i64>(6), Err(StoreError::Statement(_))));
        }
    }

    async fn one_row_means_one_row(db: &Fresh) {
        for number in [1, 2] { add(&db.store, number).await.unwrap(); }
        assert!(matches!(db.store.query_opt(&NAMES, &[]).await, Err(StoreError::NotOneRow)));
        let none = db.store.read("none", (), |tx, ()| Box::pin(async move {
            tx.query_one(&NUMBER, values!["nothing"]).await.map(drop)
        })).await;
        assert!(matches!(none, Err(StoreError::NotOneRow)));
        let none = db.store.query_opt(&NUMBER, values!["nothing"]).await.unwrap();
        assert!(none.is_none());
    }

    async fn a_body_that_fails_leaves_nothing(db: &Fresh) {
        let failed: Result<(), Refusal> = db.store.write("fail", (), |tx: &mut Tx, ()| Box::pin(async move {
            tx.execute(&ADD, values![id(1), "one", 1]).await?;
            Err(Refusal::Ours)
        })).await;
        assert!(matches!(failed, Err(Refusal::Ours)));
        assert_eq!(count(&db.store).await, 0);
    }

    async fn errors_tell_what_was_wrong(db: &Fresh) {
        add(&db.store, 1).await.unwrap();
        assert!(matches!(add(&db.store, 1).await, Err(StoreError::UniqueViolation)));
        assert!(matches!(add(&db.store, 1_000_000).await, Err(StoreError::ConstraintViolation(_))));
        assert!(matches!(db.store.query(&WRONG, &[]).await, Err(StoreError::Statement(_))));
        assert!(matches!(db.store.query(&NUMBER, &[]).await, Err(StoreError::Statement(_))));
        let nul = db.store.query(&NUMBER, values!["a\0b"]).await;
        assert!(matches!(nul, Err(StoreError::ConstraintViolation(_))));
        // And all goes on.
        add(&db.store, 2).await.unwrap();
    }

    async fn errors_show_no_values(db: &Fresh) {
        add(&db.store, 1).await.unwrap();
        for error in [add(&db.store, 1).await, add(&db.store, 1_000_001).await] {
            let shown = format!("{:?}", error.unwrap_err());
            assert!(!shown.contains("thing 1") && !shown.contains("1000001"), "{shown}");
        }
    }

    async fn a_failed_statement_is_not_swallowed(db: &Fresh) {
        add(&db.store, 1).await.unwrap();
        let result = db.store.write("swallow", (), |tx: &mut Tx, ()| Box::pin(async move {
            tx.execute(&ADD, values![id(2), "two", 2]).await?;
            // The key of another thing. Nobody looks at the error.
            assert!(tx.execute(&ADD, values![id(1), "one", 1]).await.is_err());
            assert!(matches!(tx.query(&COUNT, &[]).await, Err(StoreError::UniqueViolation)));
            Ok::<_, StoreError>(())
        })).await;
        assert!(matches!(result, Err(StoreError::UniqueViolation)), "{result:?}");
        assert_eq!(count(&db.store).await, 1);
    }

    async fn what_is_added_is_there_for_the_next_statement_and_kept(db: &Fresh) {
        let stores = [db.store.clone(), unprepared(db).await];
        for (number, store) in stores.into_iter().enumerate() {
            let (before, first) = (count(&store).await, 10 * number as u128);
            let seen = store.write("add", (), move |tx: &mut Tx, ()| Box::pin(async move {
                for n in 1..3 {
                    let name = format!("{number} {n}");
                    tx.add(&ADD, values![id(first + n), &name, 1]).await?;
                }
                let seen: i64 = tx.query_one(&COUNT, &[]).await?.get(0)?;
                let name = format!("{number} 3");
                tx.add(&ADD, values![id(first + 3), &name, 1]).await?;
                Ok::<_, StoreError>(seen)
            })).await.unwrap();
            assert_eq!(seen, before + 2);
            assert_eq!(count(&store).await, before + 3);
        }
    }

    async fn what_is_added_in_vain_spoils_all_of_it(db: &Fresh) {
        add(&db.store, 1).await.unwrap();
        for store in [db.store.clone(), unprepared(db).await] {
            for asks in [false, true] {
                let result = store.write("vain", (), move |tx: &mut Tx, ()| Box::pin(async move {
                    tx.add(&ADD, values![id(2), "two", 2]).await?;
                    // The key of another thing.
                    tx.add(&ADD, values![id(1), "one", 1]).await?;
                    tx.add(&ADD, values![id(3), "three", 3]).await?;
                    if asks { tx.query(&COUNT, &[]).await?; }
                    Ok::<_, StoreError>(())
                })).await;
                assert!(matches!(result, Err(StoreError::UniqueViolation)), "{result:?}");
                let result = store.write("misfit", (), move |tx: &mut Tx, ()| Box::pin(async move {
                    tx.add(&ADD, values![id(2), "two", 2]).await?;
                    tx.add(&ADD, values!["no id", "three", 3]).await?;
                    if asks { tx.query(&COUNT, &[]).await?; }
                    Ok::<_, StoreError>(())
                })).await;
                assert!(result.is_err());
                assert_eq!(count(&store).await, 1);
            }
        }
        // And all goes on.
        add(&db.store, 2).await.unwrap();
    }

    async fn a_panic_leaves_nothing_and_harms_nobody(db: &Fresh) {
        // More often than the pool has connections.
        for _ in 0..10 {
            let result = db.store.write("panic", (), |tx: &mut Tx, ()| Box::pin(async move {
                tx.execute(&ADD, values![id(1), "one", 1]).await?;
                assert!(tx.engine() as u8 > 9, "on purpose");
                Ok::<_, StoreError>(())
            })).await;
            assert!(matches!(result, Err(StoreError::Panicked)), "{result:?}");
            let result = db.store.write("panic at once", (), |_: &mut Tx, ()| panic!("on purpose")).await;
            assert!(matches!(result, Err::<(), _>(StoreError::Panicked)));
            let result = db.store.read("panic", (), |_, ()| Box::pin(async move { panic!("on purpose") })).await;
            assert!(matches!(result, Err::<(), _>(StoreError::Panicked)));
        }
        add(&db.store, 2).await.unwrap();
        assert_eq!(names(&db.store).await, ["thing 2"]);
    }

    async fn many_rows_go_in_at_once(db: &Fresh) {
        let insert = |numbers: std::ops::Range<u32>| db.store.queue("many", numbers, |tx: &mut Tx, numbers| {
            Box::pin(async move {
                let names: Vec<String> = numbers.clone().map(|n| format!("many {n}")).collect();
                let rows: Vec<Vec<Value<'_>>> = numbers.clone().zip(&names)
                    .map(|(n, name)| values![id(n.into()), name, n].to_vec())
                    .collect();
                tx.insert_many(&ADD, &rows).await
            })
        });
        assert_eq!(insert(0..1000).await.unwrap(), 1000);
        assert_eq!(insert(0..0).await.unwrap(), 0);
        // One of them is there: none goes in.
        assert!(matches!(insert(999..1999).await, Err::<u64, _>(StoreError::UniqueViolation)));
        assert_eq!(count(&db.store).await, 1000);
    }

    async fn the_store_answers_a_ping(db: &Fresh) {
        db.store.ping().await.unwrap();
        assert_eq!(db.engine(), db.store.clone().engine());
    }
}

/// On PostgreSQL, the same database without prepared statements, as behind a pooler.
async fn unprepared(db: &Fresh) -> handclasp_store::Store {
    use handclasp_store::{Database, Engine};
    match db.engine() {
        Engine::Sqlite => db.store.clone(),
        Engine::Postgres => {
            db.reopened(|options| {
                if let Database::Postgres {
                    prepared_statements,
                    ..
                } = &mut options.database
                {
                    *prepared_statements = false;
                }
            })
            .await
        }
    }
}

/// A use case's error.
#[derive(Debug)]
enum Refusal {
    Ours,
    Store(#[expect(dead_code, reason = "shown by Debug")] StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
