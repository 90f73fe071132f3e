//! Who refreshes what a connection holds, and what is sealed anew.

use std::time::Duration;

use handclasp_ambient::{SeededRandom, new_id};
use handclasp_domain::{PlatformKey, ReplicaId, Timestamp};
use handclasp_store::credential::{self, Claim, SealedCredential};
use handclasp_store::refresh::{self, Seen};
use handclasp_store::sealed::{self, RowKey, SealedColumn};
use handclasp_store::{Store, replica};

use crate::lists::product;
use crate::support::*;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn after(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

fn xero() -> PlatformKey {
    "gbol".parse().unwrap()
}

fn held(random: &SeededRandom) -> SealedCredential {
    SealedCredential {
        client: new_id(random),
        connection: new_id(random),
        company: new_id(random),
        platform_key: xero(),
        sealed: b"sealed".to_vec(),
        scopes: "a b".to_owned(),
        expires_at: Some(after(3600)),
        lapses_at: Some(after(86_400)),
        due_at: Some(after(3300)),
        failures: 0,
        claim: None,
        updated: NOW,
        version: NOW.as_micros(),
    }
}

async fn put(store: &Store, held: &SealedCredential) {
    store
        .write("put", held.clone(), |tx, held| {
            Box::pin(credential::put(tx, held))
        })
        .await
        .unwrap();
}

async fn now(store: &Store, held: &SealedCredential) -> SealedCredential {
    let found = credential::find(&mut &*store, held.client, held.connection).await;
    found.unwrap().unwrap()
}

/// Claims at an instant, as this replica.
async fn claim(store: &Store, seen: Seen, by: ReplicaId, at: Timestamp) -> bool {
    let claim = Claim {
        by,
        at,
        until: at.plus(Duration::from_secs(360)),
    };
    let input = (seen, claim);
    store
        .queue("claim", input, |tx, (seen, claim)| {
            let dead = claim.at.minus(Duration::from_secs(10));
            let look_again = claim.at.plus(Duration::from_secs(12));
            Box::pin(refresh::claim(tx, *seen, *claim, look_again, dead))
        })
        .await
        .unwrap()
}

async fn show_life(store: &Store, id: ReplicaId, until: Timestamp) {
    store
        .queue("life", (id, until), |tx, (id, until)| {
            Box::pin(replica::register(tx, *id, *until))
        })
        .await
        .unwrap();
}

both_engines! {
    async fn a_claim_is_one_replicas_own_while_that_lives(db: &Fresh) {
        let store = product(db).await;
        let random = SeededRandom::new(1);
        let held = held(&random);
        put(&store, &held).await;
        let seen = Seen::from(&held);
        let (one, other): (ReplicaId, ReplicaId) = (new_id(&random), new_id(&random));
        assert!(claim(&store, seen, one, NOW).await);
        let claimed = now(&store, &held).await;
        assert_eq!(claimed.claim, Some(Claim { by: one, at: NOW, until: after(360) }));
        assert_eq!((claimed.due_at, claimed.version), (Some(after(12)), held.version));
        // Its own does not count as free either.
        assert!(!claim(&store, seen, one, after(100)).await);
        assert!(!claim(&store, seen, other, after(9)).await, "it has just begun");
        show_life(&store, one, after(200)).await;
        assert!(!claim(&store, seen, other, after(199)).await, "it is alive");
        assert!(claim(&store, seen, other, after(201)).await, "it is dead");
        show_life(&store, other, after(9_999)).await;
        assert!(!claim(&store, seen, one, after(560)).await);
        assert!(claim(&store, seen, one, after(561)).await, "out of time, though alive");
        let stale = Seen { version: held.version + 1, ..seen };
        assert!(!claim(&store, stale, other, after(9_999)).await);
        store.close().await;
    }

    async fn what_changed_meanwhile_is_not_overwritten(db: &Fresh) {
        let store = product(db).await;
        let random = SeededRandom::new(2);
        let old = held(&random);
        put(&store, &old).await;
        claim(&store, Seen::from(&old), new_id(&random), NOW).await;
        let fresh = SealedCredential {
            sealed: b"fresh".to_vec(),
            scopes: "a".to_owned(),
            expires_at: None,
            lapses_at: None,
            due_at: Some(after(7)),
            updated: after(1),
            ..old.clone()
        };
        let renew = async |fresh: &SealedCredential| {
            let input = (Seen::from(&old), fresh.clone());
            store
                .write("renew", input, |tx, (seen, fresh)| Box::pin(refresh::renew(tx, *seen, fresh)))
                .await
                .unwrap()
        };
        assert!(renew(&fresh).await);
        let version = old.version + 1;
        assert_eq!(now(&store, &old).await, SealedCredential { version, ..fresh.clone() });
        assert!(!renew(&fresh).await, "the old one is there no more");
        // Authorized anew: no claim, no failures, another version.
        let fail = (Seen::from(&now(&store, &old).await), Some(after(50)));
        store
            .queue("fail", fail, |tx, (seen, next)| Box::pin(refresh::fail(tx, *seen, *next)))
            .await
            .unwrap();
        assert_eq!(now(&store, &old).await.failures, 1);
        put(&store, &old).await;
        let again = now(&store, &old).await;
        assert_eq!(again, SealedCredential { version: version + 1, ..old.clone() });
        store.close().await;
    }

    async fn what_is_due_comes_by_integration_the_longest_due_first(db: &Fresh) {
        let store = product(db).await;
        let random = SeededRandom::new(3);
        let mut all = Vec::new();
        for (due, key) in [(Some(30), "gbol"), (Some(10), "gbol"), (None, "gbol"), (Some(5), "mqjo"), (Some(20), "gbol")] {
            let one = SealedCredential {
                due_at: due.map(after),
                platform_key: key.parse().unwrap(),
                ..held(&random)
            };
            put(&store, &one).await;
            all.push(Seen::from(&one));
        }
        let due = async |at, limit| refresh::due(&mut &store, xero(), at, limit).await.unwrap();
        assert_eq!(due(after(30), 9).await, [all[1], all[4], all[0]]);
        assert_eq!(due(after(29), 9).await, [all[1], all[4]]);
        assert_eq!(due(after(30), 1).await, [all[1]]);
        store.close().await;
    }

    async fn a_seal_is_replaced_where_it_is_still_the_one_that_was_read(db: &Fresh) {
        let store = product(db).await;
        let random = SeededRandom::new(4);
        for number in 0..5_u8 {
            let one = SealedCredential { sealed: vec![number + 1], ..held(&random) };
            put(&store, &one).await;
        }
        let (mut after, mut pages) = (None::<RowKey>, Vec::new());
        loop {
            let page = sealed::page(&mut &store, SealedColumn::Credential, after.as_ref(), 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            pages.push(page);
        }
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
        let mut seen: Vec<u8> = pages.iter().flatten().map(|value| value.sealed[0]).collect();
        seen.sort_unstable();
        assert_eq!(seen, [1, 2, 3, 4, 5]);
        let was = pages[1][0].clone();
        let replace = async |by: &'static [u8]| {
            store
                .queue("replace", was.clone(), move |tx, was| {
                    Box::pin(sealed::replace(tx, SealedColumn::Credential, was, by))
                })
                .await
                .unwrap()
        };
        assert!(replace(b"new").await);
        assert!(!replace(b"newer").await);
        let page = sealed::page(&mut &store, SealedColumn::Credential, Some(&pages[0][1].key), 1).await.unwrap();
        assert_eq!(page[0].sealed, b"new");
        store.close().await;
    }
}
