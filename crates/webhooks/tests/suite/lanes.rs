//! Lanes in the database: claims, epochs, and nothing overlooked.

use std::collections::BTreeSet;
use std::time::Duration;

use handclasp_ambient::new_id;
use handclasp_domain::{EventId, Id, ReplicaId, Timestamp};
use handclasp_store::delivery::{self, Attempt, DeliveryState};
use handclasp_store::fan_out::{self, FanOut};
use handclasp_store::lane::{self, LaneKey, NEVER};
use handclasp_store::{Store, StoreError, Tx, replica};
use uuid::Uuid;

use crate::support::Bed;

const LIFE: Duration = Duration::from_secs(4);

/// One transaction.
macro_rules! queue {
    ($store:expr, $input:expr, |$tx:ident, $name:ident| $body:expr) => {
        $store
            .queue("test", $input, |$tx: &mut Tx, $name| {
                let $name = $name.clone();
                Box::pin(async move { Ok::<_, StoreError>($body) })
            })
            .await
            .unwrap()
    };
}

struct Ground {
    bed: Bed,
    lane: LaneKey,
    event: EventId,
}

impl Ground {
    /// A consumer and an event that was fanned out to it.
    async fn make() -> Self {
        let bed = Bed::make().await;
        let consumer = bed.consumer("https://example.com/").await;
        bed.company("Ash & Birch").await;
        let lane = LaneKey::of(&consumer);
        let waiting = fan_out::waiting(&mut bed.app().store(), 10).await.unwrap();
        let event = waiting.events[0].id;
        let step = FanOut {
            events: vec![(lane.client, event)],
            deliveries: vec![(lane, event, waiting.events[0].at)],
            ..FanOut::default()
        };
        let now = bed.app().now();
        queue!(bed.app().store(), (step, now), |tx, input| {
            fan_out::fan_out(tx, &input.0, &BTreeSet::new(), None, input.1).await?
        });
        Self { bed, lane, event }
    }

    fn store(&self) -> &Store {
        self.bed.app().store()
    }

    async fn replica(&self) -> (ReplicaId, i64) {
        let id: ReplicaId = new_id(&**self.bed.app().random());
        let until = self.bed.app().now().plus(LIFE);
        let epoch = queue!(self.store(), (id, until), |tx, input| {
            replica::register(tx, input.0, input.1).await?
        });
        (id, epoch)
    }

    async fn claim(&self, claim: (ReplicaId, i64)) -> bool {
        let input = (self.lane, claim, self.bed.app().now());
        queue!(self.store(), input, |tx, input| {
            lane::claim(tx, input.0, input.1, input.2).await?
        })
    }

    async fn save(&self, number: u32, claim: lane::Claim) -> u64 {
        let attempt = Attempt {
            lane: self.lane,
            event: self.event,
            number,
            at: self.bed.app().now(),
            outcome: "status",
            status: Some(500),
            response: String::new(),
            micros: 1,
            state: DeliveryState::Attempting,
            next: Some(self.bed.app().now().plus(Duration::from_secs(5))),
        };
        queue!(self.store(), (vec![attempt], claim), |tx, input| {
            delivery::save(tx, &input.0, input.1).await?
        })
    }

    async fn due(&self, claim: lane::Claim) -> bool {
        let now = self.bed.app().now();
        let due = lane::due(&mut self.store(), now, claim, None, 10).await;
        due.unwrap().iter().any(|(_, key)| *key == self.lane)
    }

    async fn settle(&self, version: i64, next: Timestamp) -> bool {
        queue!(self.store(), (self.lane, version, next), |tx, input| {
            lane::settle(tx, input.0, input.1, input.2).await?
        })
    }

    async fn version(&self) -> i64 {
        let lane = lane::find(&mut self.store(), self.lane).await.unwrap();
        lane.unwrap().version
    }
}

#[tokio::test]
async fn a_lane_has_one_living_owner() {
    let ground = Ground::make().await;
    let (first, second) = (ground.replica().await, ground.replica().await);
    assert!(ground.due(Some(second)).await);
    assert!(ground.claim(first).await);
    assert!(!ground.claim(second).await);
    assert!(ground.due(Some(first)).await);
    assert!(
        !ground.due(Some(second)).await,
        "it is another's to look at"
    );

    // The first dies; the second lives on.
    ground.bed.test.clock.advance(Duration::from_secs(3));
    let (now, until) = (ground.bed.app().now(), ground.bed.app().now().plus(LIFE));
    let renewed = queue!(ground.store(), (second, now, until), |tx, input| {
        replica::renew(tx, input.0.0, input.0.1, input.1, input.2).await?
    });
    assert!(renewed);
    assert!(!ground.claim(second).await, "not dead yet");
    ground.bed.test.clock.advance(Duration::from_secs(1));
    let now = ground.bed.app().now();
    let orphaned = lane::orphaned(&mut ground.store(), now, 10).await.unwrap();
    assert_eq!(orphaned, [ground.lane]);
    assert!(ground.claim(second).await);
    let orphaned = lane::orphaned(&mut ground.store(), now, 10).await.unwrap();
    assert_eq!(orphaned, []);

    // The first can't renew what has run out; it gets its next epoch.
    let renewed = queue!(ground.store(), (first, now, until), |tx, input| {
        replica::renew(tx, input.0.0, input.0.1, input.1, input.2).await?
    });
    assert!(!renewed);
    let epoch = queue!(ground.store(), (first, until), |tx, input| {
        replica::register(tx, input.0.0, input.1).await?
    });
    assert_eq!(epoch, first.1 + 1);
}

#[tokio::test]
async fn results_of_a_former_owner_are_refused() {
    let ground = Ground::make().await;
    let (former, present) = (ground.replica().await, ground.replica().await);
    assert!(ground.claim(former).await);
    assert_eq!(ground.save(1, Some(former)).await, 1);
    ground.bed.test.clock.advance(Duration::from_secs(5));
    let (id, epoch) = present;
    let until = ground.bed.app().now().plus(LIFE);
    let epoch = queue!(ground.store(), (id, epoch, until), |tx, input| {
        let _was = input.1;
        replica::register(tx, input.0, input.2).await?
    });
    let present = (id, epoch);
    assert!(ground.claim(present).await);
    assert_eq!(ground.save(2, Some(former)).await, 0, "another holds it");
    let earlier = (id, epoch - 1);
    assert_eq!(ground.save(2, Some(earlier)).await, 0, "an earlier epoch");
    assert_eq!(ground.save(2, Some(present)).await, 1);
    assert_eq!(ground.save(2, Some(present)).await, 0, "twice");
    let mut store = ground.store();
    let log = delivery::attempts(&mut store, ground.lane, ground.event).await;
    assert_eq!(log.unwrap().len(), 2);
}

#[tokio::test]
async fn what_comes_while_somebody_looks_is_not_overlooked() {
    let ground = Ground::make().await;
    let seen = ground.version().await;
    // A retry is saved between the look and its end.
    assert_eq!(ground.save(1, None).await, 1);
    assert!(!ground.settle(seen, NEVER).await);
    assert!(ground.due(None).await);
    let seen = ground.version().await;
    let next = ground.bed.app().now().plus(Duration::from_secs(5));
    assert!(ground.settle(seen, next).await);
    assert!(!ground.due(None).await);
    // A retry that is due earlier makes the lane due earlier, never later.
    assert!(ground.settle(seen, NEVER).await);
    assert_eq!(ground.save(2, None).await, 1);
    assert!(!ground.due(None).await);
    ground.bed.test.clock.advance(Duration::from_secs(5));
    assert!(ground.due(None).await);
}

#[tokio::test]
async fn an_event_is_fanned_out_once() {
    let ground = Ground::make().await;
    let other = LaneKey {
        consumer: Id::from_uuid(Uuid::from_u128(1)),
        ..ground.lane
    };
    let step = FanOut {
        events: vec![(ground.lane.client, ground.event)],
        deliveries: vec![(other, ground.event, ground.bed.app().now())],
        ..FanOut::default()
    };
    let now = ground.bed.app().now();
    let again = ground
        .store()
        .queue("test", (step, now), |tx, (step, now)| {
            Box::pin(async move { fan_out::fan_out(tx, step, &BTreeSet::new(), None, *now).await })
        })
        .await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
    let mut store = ground.store();
    let state = delivery::state(&mut store, other, ground.event).await;
    assert_eq!(state.unwrap(), None);
}

#[tokio::test]
async fn what_its_holder_has_in_hand_makes_a_lane_due_only_where_it_is_another_s() {
    let ground = Ground::make().await;
    let (holder, other) = (ground.replica().await, ground.replica().await);
    assert!(ground.claim(holder).await);
    let version = ground.version().await;
    assert!(ground.settle(version, NEVER).await);
    let in_hand = BTreeSet::from([ground.lane]);
    let fan_out = async |claim| {
        ground.bed.company("One more").await;
        let waiting = fan_out::waiting(&mut ground.store(), 10).await.unwrap();
        let event = &waiting.events[0];
        let step = FanOut {
            events: vec![(event.client, event.id)],
            deliveries: vec![(ground.lane, event.id, event.at)],
            ..FanOut::default()
        };
        let input = (step, in_hand.clone(), claim, ground.bed.app().now());
        queue!(ground.store(), input, |tx, input| {
            fan_out::fan_out(tx, &input.0, &input.1, Some(input.2), input.3).await?
        });
    };
    fan_out(holder).await;
    assert!(!ground.due(Some(holder)).await, "it is in hand");
    assert!(
        !ground.settle(version, NEVER).await,
        "who looks sees that something came"
    );
    // The same process, which does not know yet that another has taken over.
    ground.bed.test.clock.advance(Duration::from_secs(3));
    let (now, until) = (ground.bed.app().now(), ground.bed.app().now().plus(LIFE));
    let renewed = queue!(ground.store(), (other, now, until), |tx, input| {
        replica::renew(tx, input.0.0, input.0.1, input.1, input.2).await?
    });
    assert!(renewed);
    ground.bed.test.clock.advance(Duration::from_secs(2));
    assert!(ground.claim(other).await);
    let version = ground.version().await;
    assert!(ground.settle(version, NEVER).await);
    fan_out(holder).await;
    assert!(ground.due(Some(other)).await);
}
