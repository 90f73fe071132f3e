//! The board, without a database and without sending anything.

use handclasp_domain::{ClientId, ConsumerId, Id, Secret};
use uuid::Uuid;

use super::*;

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
    let mut board = Board::new(most);
    for lane in 0..lanes {
        board.adopt(key(lane), outlet());
        board.offer(key(lane), (0..jobs).map(job));
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
    board.offer(key(99), (0..50).map(job));
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
    assert!(board.lanes[&key(0)].backlog);
}

#[test]
fn a_message_is_never_taken_twice_while_it_is_known() {
    let mut board = board(100, 1, 3);
    let taken = take_all(&mut board);
    assert_eq!(taken.len(), 3);
    board.offer(key(0), (0..3).map(job));
    assert!(board.take().is_none(), "on its way");
    assert!(board.begin_look(key(0)).is_some());
    assert!(board.begin_look(key(0)).is_none(), "one look at a time");
    for work in &taken {
        board.done(work, Manner::Near);
        board.saved(key(0), work.job.message.id);
    }
    // The look saw the database as it was before the saving.
    board.end_look(key(0), (0..3).map(job).collect(), false);
    assert!(board.take().is_none(), "saved while looking");
    assert!(board.begin_look(key(0)).is_some());
    board.end_look(key(0), vec![job(1)], false);
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
    board.end_look(key(0), Vec::new(), true);
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
    board.done(&taken[0], Manner::Gone);
    assert!(board.take().is_none());
    assert_eq!(board.queued, 0);
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
}

#[test]
fn what_comes_during_a_look_without_room_is_looked_for_again() {
    let mut board = board(100, 1, QUEUE as u128);
    assert!(board.begin_look(key(0)).is_some());
    // Written after the look saw the database, and more than there is room for.
    board.offer(key(0), [job(10_000)]);
    board.end_look(key(0), Vec::new(), false);
    while !board.has_low() {
        let work = board.take().unwrap();
        board.done(&work, Manner::Near);
    }
}

#[test]
fn a_pinned_lane_stays_and_is_looked_at_where_nothing_was_brought() {
    let mut board = board(100, 1, 0);
    std::thread::sleep(Duration::from_millis(2));
    assert_eq!(board.pin(), BTreeSet::from([key(0)]));
    assert!(board.leave_idle(Duration::ZERO).is_empty());
    board.unpin(false);
    assert_eq!(board.take_low(), [key(0)]);
    assert_eq!(board.begin_look(key(0)), Some(QUEUE + 1));
    board.end_look(key(0), Vec::new(), false);
    board.pin();
    board.unpin(true);
    assert!(!board.has_low());
    std::thread::sleep(Duration::from_millis(2));
    assert_eq!(board.leave_idle(Duration::from_millis(1)), [key(0)]);
    assert!(board.pin().is_empty(), "it is leaving");
}

#[test]
fn idle_lanes_leave_and_busy_ones_stay() {
    let mut board = board(100, 2, 1);
    let taken = take_all(&mut board);
    board.done(&taken[0], Manner::Near);
    board.saved(taken[0].lane, taken[0].job.message.id);
    std::thread::sleep(Duration::from_millis(2));
    let idle = board.leave_idle(Duration::from_millis(1));
    assert_eq!(idle, [taken[0].lane]);
    board.offer(idle[0], [job(9)]);
    assert!(board.take().is_none(), "it is leaving");
}
