//! The board, without a database and without sending anything.

use bytes::Bytes;
use handclasp_domain::{ClientId, ConsumerId, Id, Secret, Timestamp};
use uuid::Uuid;

use super::*;
use crate::sign::SigningKey;

const QUEUE: usize = 512;
const SHORT_QUEUE: usize = 16;

fn key(number: u128) -> LaneKey {
    LaneKey {
        client: ClientId::from_uuid(Uuid::nil()),
        consumer: ConsumerId::from_uuid(Uuid::from_u128(number)),
    }
}

fn outlet() -> Arc<Outlet> {
    let secret = Secret::new(format!("whsec_{}", "A".repeat(32)));
    Arc::new(Outlet {
        url: "https://example.com/".parse().unwrap(),
        key: SigningKey::new(&secret).unwrap(),
        source: (String::new(), Vec::new()),
    })
}

fn job(number: u128) -> Job {
    Job {
        message: Arc::new(Message {
            id: EventId::from_uuid(Uuid::from_u128(number)),
            at: Timestamp::from_micros(0),
            body: Bytes::new(),
        }),
        attempts: 0,
    }
}

fn board(most: usize, lanes: u128, jobs: u128) -> Board {
    let mut board = Board::new(&Options {
        most,
        queue: QUEUE,
        short_queue: SHORT_QUEUE,
        ..Options::default()
    });
    for lane in 0..lanes {
        board.adopt(key(lane), outlet());
        board.offer(key(lane), (0..jobs).map(job), true);
    }
    board
}

fn take_all(board: &mut Board) -> Vec<Work> {
    std::iter::from_fn(|| board.take()).collect()
}

#[test]
fn lanes_take_turns_and_keep_their_width() {
    let mut board = board(100, 2, 50);
    let taken = take_all(&mut board);
    assert_eq!(taken.len(), 2 * FIRST_WIDTH);
    let order: Vec<_> = taken.iter().map(|work| work.lane).collect();
    assert_eq!(order[..4], [key(0), key(1), key(0), key(1)]);
    board.done(&taken[0], Manner::Near);
    assert_eq!(take_all(&mut board).len(), 1, "one place freed");
    board.done(&taken[1], Manner::Far);
    assert_eq!(take_all(&mut board).len(), 2, "one freed, one wider");
}

#[test]
fn silent_consumers_leave_half_of_the_places_to_the_others() {
    // Twenty consumers that never answer, in the places of ten.
    let mut board = board(80, 20, 50);
    let first = take_all(&mut board);
    assert_eq!(first.len(), 80, "nobody knows yet that they are silent");
    for work in &first {
        board.done(work, Manner::Silent);
    }
    // Whatever they have, they get half of the places from now on, and one each at most.
    let again = take_all(&mut board);
    assert!(again.len() <= 40, "{}", again.len());
    board.adopt(key(99), outlet());
    board.offer(key(99), (0..50).map(job), true);
    let healthy = take_all(&mut board);
    assert_eq!(healthy.len(), FIRST_WIDTH);
    assert!(healthy.iter().all(|work| work.lane == key(99)));
}

#[test]
fn a_silent_consumer_keeps_few_messages_in_memory() {
    let mut board = board(4, 1, 500);
    let work = board.take().unwrap();
    assert!(board.queued > 400);
    board.done(&work, Manner::Silent);
    assert_eq!(board.queued, SHORT_QUEUE);
    assert_eq!(board.lanes[&key(0)].known.len(), SHORT_QUEUE + 1);
    assert!(board.lanes[&key(0)].behind);
}

#[test]
fn a_message_is_never_taken_twice_while_it_is_known() {
    let mut board = board(100, 1, 3);
    let taken = take_all(&mut board);
    assert_eq!(taken.len(), 3);
    board.offer(key(0), (0..3).map(job), true);
    assert!(board.take().is_none(), "on its way");
    assert!(board.begin_look(key(0)).is_some());
    assert!(board.begin_look(key(0)).is_none(), "one look at a time");
    for work in &taken {
        board.done(work, Manner::Near);
        board.saved(key(0), work.generation, work.job.message.id);
    }
    // The look saw the database as it was before the saving.
    board.end_look(key(0), (0..3).map(job).collect(), true);
    assert!(board.take().is_none(), "saved while looking");
    assert!(board.begin_look(key(0)).is_some());
    board.end_look(key(0), vec![job(1)], true);
    assert!(board.take().is_some(), "due again");
}

#[test]
fn what_does_not_fit_is_looked_for_when_the_queue_runs_low() {
    let mut board = board(1000, 1, QUEUE as u128 + 10);
    let mut taken = 0;
    while !board.has_low() {
        let work = board.take().unwrap();
        board.done(&work, Manner::Near);
        taken += 1;
    }
    assert!((QUEUE / 2..QUEUE).contains(&taken), "{taken}");
    assert_eq!(board.take_low(), [key(0)]);
}

#[test]
fn a_full_lane_is_not_filled_again() {
    let mut board = board(100, 1, QUEUE as u128 + 1);
    assert_eq!(board.begin_look(key(0)), Some(0));
    board.end_look(key(0), Vec::new(), false);
    while !board.has_low() {
        let work = board.take().unwrap();
        board.done(&work, Manner::Near);
    }
    let limit = board.begin_look(key(0)).unwrap();
    assert!(limit > QUEUE, "what is known is due as well: {limit}");
}

#[test]
fn a_consumer_that_is_gone_gets_nothing_more() {
    let mut board = board(100, 1, 50);
    let taken = take_all(&mut board);
    board.mute(&taken[0]);
    board.done(&taken[0], Manner::Gone);
    board.offer(key(0), [job(1_000)], false);
    assert!(board.take().is_none());
    // Until it is written down there is nothing to look for.
    assert!(!board.has_low());
    assert_eq!(board.begin_look(key(0)), None);
    board.heard(key(0));
    assert!(board.take().is_none());
    assert_eq!(board.queued, 0);
    assert_eq!(board.take_low(), [key(0)], "what becomes of the rest");
}

#[test]
fn results_for_a_lane_that_went_and_came_back_do_not_count() {
    let mut board = board(100, 1, 1);
    let work = board.take().unwrap();
    board.remove(key(0));
    board.adopt(key(0), outlet());
    board.done(&work, Manner::Silent);
    assert_eq!(board.running(), 0);
    assert_eq!(board.lanes[&key(0)].width, FIRST_WIDTH);
    board.offer(key(0), [job(0)], true);
    board.saved(key(0), work.generation, work.job.message.id);
    board.mute(&work);
    assert!(board.knows(key(0), work.job.message.id));
    assert!(board.take().is_some());
}

/// Takes jobs until the lane is to be looked at.
fn run_low(board: &mut Board) {
    while !board.has_low() {
        let work = board.take().expect("a lane that is behind was forgotten");
        board.done(&work, Manner::Near);
    }
}

#[test]
fn what_comes_during_a_look_without_room_is_looked_for_again() {
    let mut board = board(100, 1, QUEUE as u128);
    assert!(board.begin_look(key(0)).is_some());
    // Written after the look saw the database, and more than there is room for.
    board.offer(key(0), [job(10_000)], true);
    board.end_look(key(0), Vec::new(), true);
    run_low(&mut board);
}

#[test]
fn what_was_left_out_is_looked_for_although_room_came_meanwhile() {
    let mut board = board(100, 1, QUEUE as u128);
    let room = board.room(key(0));
    assert_eq!(room, 0);
    // The messages are rendered outside of the lock, and one is taken.
    let taken = board.take().unwrap();
    board.offer(key(0), (0..room).map(|_| job(10_000)), false);
    board.done(&taken, Manner::Near);
    run_low(&mut board);
}

#[test]
fn what_is_doubted_during_a_look_is_looked_at_again() {
    let mut board = board(100, 1, 0);
    assert!(board.begin_look(key(0)).is_some());
    board.doubt(key(0));
    assert!(!board.has_low(), "somebody looks");
    board.end_look(key(0), Vec::new(), true);
    assert_eq!(board.take_low(), [key(0)]);
}

#[test]
fn a_look_that_failed_is_not_made_again_at_once() {
    let mut board = board(100, 1, 0);
    board.doubt(key(0));
    assert_eq!(board.take_low(), [key(0)]);
    assert!(board.begin_look(key(0)).is_some());
    board.abandon_look(key(0));
    board.doubt(key(0));
    assert!(!board.has_low());
    board.wake();
    assert_eq!(board.take_low(), [key(0)]);
}

#[test]
fn no_lane_leaves_during_a_fan_out() {
    let mut board = board(100, 1, 0);
    std::thread::sleep(Duration::from_millis(2));
    assert_eq!(board.begin_fan_out(), BTreeSet::from([key(0)]));
    let idle = board.idle(Duration::ZERO);
    assert_eq!(idle, [key(0)]);
    assert!(board.leave(idle, Duration::ZERO).is_empty());
    board.end_fan_out();
    let idle = board.idle(Duration::ZERO);
    assert_eq!(board.leave(idle, Duration::ZERO), [key(0)]);
    assert!(board.begin_fan_out().is_empty(), "it is leaving");
}

#[test]
fn idle_lanes_leave_and_busy_ones_stay() {
    let mut board = board(100, 2, 1);
    let taken = take_all(&mut board);
    let (lane, event) = (taken[0].lane, taken[0].job.message.id);
    board.done(&taken[0], Manner::Near);
    board.saved(lane, taken[0].generation, event);
    let idle = Duration::from_millis(1);
    std::thread::sleep(2 * idle);
    assert_eq!(board.idle(idle), [lane]);
    // It got something to do after it was asked for.
    board.offer(lane, [job(8)], true);
    assert!(board.leave(vec![lane], idle).is_empty());
    let work = board.take().unwrap();
    board.done(&work, Manner::Near);
    board.saved(lane, work.generation, work.job.message.id);
    std::thread::sleep(2 * idle);
    assert_eq!(board.leave(vec![lane], idle), [lane]);
    board.offer(lane, [job(9)], true);
    assert!(board.take().is_none(), "it is leaving");
    // It could not.
    board.stay(&[lane]);
    assert_eq!(board.take_low(), [lane]);
    board.offer(lane, [job(10)], true);
    assert!(board.take().is_some());
}

#[test]
fn a_comparison_finds_what_was_forgotten() {
    let mut board = board(100, 1, 2);
    let at = Timestamp::from_seconds;
    let id = |number| job(number).message.id;
    let known = [(id(0), at(0)), (id(1), at(0))];
    let check = |board: &mut Board, more: Option<Timestamp>| {
        let more = more.map(|since| (id(7), since));
        let due = known.into_iter().chain(more).collect();
        board.end_check(key(0), Some((&due, at(10))))
    };
    assert_eq!(board.begin_check(key(0)), Some(3));
    assert_eq!(check(&mut board, None), Checked::Complete);
    // What has just come may be about to be offered.
    board.begin_check(key(0)).unwrap();
    assert_eq!(check(&mut board, Some(at(11))), Checked::Unclear);
    // And so may be what a fan-out writes, however old.
    board.begin_fan_out();
    board.begin_check(key(0)).unwrap();
    board.end_fan_out();
    assert_eq!(check(&mut board, Some(at(1))), Checked::Unclear);
    // What is saved meanwhile is not forgotten.
    board.begin_check(key(0)).unwrap();
    let work = board.take().unwrap();
    board.done(&work, Manner::Near);
    board.saved(key(0), work.generation, work.job.message.id);
    assert_eq!(check(&mut board, None), Checked::Complete);
    assert!(!board.knows(key(0), work.job.message.id));
    // This is.
    board.begin_check(key(0)).unwrap();
    let due = vec![(id(7), at(1))];
    let checked = board.end_check(key(0), Some((&due, at(10))));
    assert_eq!(checked, Checked::Forgotten(1));
    assert_eq!(board.take_low(), [key(0)]);
    assert_eq!(board.begin_check(key(0)), None, "it is behind");
}

#[test]
fn lanes_are_compared_in_turn() {
    let mut board = board(100, 5, 0);
    assert_eq!(board.next_to_check(2), [key(0), key(1)]);
    assert_eq!(board.next_to_check(2), [key(2), key(3)]);
    assert_eq!(board.next_to_check(2), [key(4), key(0)]);
    assert_eq!(board.next_to_check(9).len(), 5, "none twice in one go");
}
