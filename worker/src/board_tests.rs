use tireless_core::{ClaimedTask, ErrorKind, History, Operation, QueueName, TaskId};

use super::*;
use crate::shared::Routes;

pub(super) const SECOND: Duration = Duration::from_secs(1);

/// A board of queues with these levels and weights.
pub(super) fn board(queues: &[(usize, u32)]) -> Board {
    let served = |(at, (level, weight)): (usize, &(usize, u32))| Served {
        name: QueueName::new(format!("q{at}")).unwrap(),
        level: *level,
        weight: *weight,
        inbox: false,
        routes: Routes::default(),
    };
    Board::new(&queues.iter().enumerate().map(served).collect::<Vec<_>>())
}

pub(super) fn answer(more: bool) -> QueueClaimed {
    let mut answer = QueueClaimed::default();
    answer.more = more;
    answer
}

/// An answer that brings so many tasks and says that there are more.
pub(super) fn more_of(count: usize) -> QueueClaimed {
    let mut answer = answer(true);
    answer.tasks = (0..count).map(|_| task()).collect();
    answer
}

fn task() -> ClaimedTask {
    let (id, envelope) = (TaskId::new(), bytes::Bytes::new());
    ClaimedTask { id, claim: 1, envelope, history: History::default() }
}

/// What is said of a store that does not answer.
pub(super) fn away() -> Error {
    Error::new(ErrorKind::Unavailable, Operation::Claim, "nobody there")
}

fn due_in(due: Duration) -> QueueClaimed {
    let mut answer = answer(false);
    answer.next_due = Some(due);
    answer
}

/// All queues were found empty at this time.
pub(super) fn all_empty(board: &Board, queues: usize, now: Duration) {
    for at in 0..queues {
        board.answered(at, now, 1, &answer(false));
    }
}

#[test]
fn the_first_look_asks_the_first_and_looks_at_the_others() {
    let board = board(&[(0, 1), (1, 1), (2, 1)]);
    assert_eq!(board.plan(SECOND, 8, |_| false), Plan::Claim(vec![(0, 8), (1, 0), (2, 0)]));
}

#[test]
fn a_later_level_is_asked_only_when_the_earlier_ones_are_empty() {
    let board = board(&[(0, 1), (1, 1)]);
    board.answered(0, SECOND, 0, &answer(true));
    board.answered(1, SECOND, 0, &answer(true));
    assert_eq!(board.plan(SECOND, 8, |_| false), Plan::Claim(vec![(0, 8)]));
    board.answered(0, SECOND, 8, &answer(false));
    assert_eq!(board.plan(SECOND, 8, |_| false), Plan::Claim(vec![(1, 8)]));
    board.rang("q0");
    assert_eq!(board.plan(SECOND, 8, |_| false), Plan::Claim(vec![(0, 8)]));
}

#[test]
fn empty_queues_rest_for_five_seconds_and_are_then_looked_at_together() {
    let board = board(&[(0, 1), (1, 1)]);
    board.answered(0, 10 * SECOND, 1, &answer(false));
    board.answered(1, 10 * SECOND + SECOND / 2, 1, &answer(false));
    assert_eq!(board.plan(11 * SECOND, 1, |_| false), Plan::Idle(15 * SECOND));
    assert_eq!(board.plan(15 * SECOND, 1, |_| false), Plan::Claim(vec![(0, 1), (1, 0)]));
}

#[test]
fn what_falls_due_is_looked_at_then() {
    let board = board(&[(0, 1), (1, 1)]);
    all_empty(&board, 2, SECOND);
    board.answered(1, SECOND, 1, &due_in(SECOND * 2));
    assert_eq!(board.plan(SECOND, 4, |_| false), Plan::Idle(3 * SECOND));
    assert_eq!(board.plan(3 * SECOND, 4, |_| false), Plan::Claim(vec![(0, 0), (1, 4)]));
}

#[test]
fn while_nobody_knows_what_there_is_one_claim_is_to_tell() {
    let board = board(&[(0, 1)]);
    all_empty(&board, 1, SECOND);
    board.rang("q0");
    assert_eq!(board.plan(SECOND, 4, |_| false), Plan::Claim(vec![(0, 4)]));
    // It is the answer that ends the rest, however long it takes.
    assert_eq!(board.plan(SECOND, 4, |_| false), Plan::Idle(6 * SECOND));
    board.answered(0, SECOND, 4, &more_of(4));
    for _ in 0..2 {
        assert_eq!(board.plan(SECOND, 4, |_| false), Plan::Claim(vec![(0, 4)]));
    }
    board.forget_claims();
    board.look_again(&board.quiet(SECOND).0);
    board.failed(0, SECOND, &away(), 4, None);
    assert_eq!(board.plan(9 * SECOND, 4, |_| false), Plan::Claim(vec![(0, 4)]), "after a restart");
}

#[test]
fn a_queue_that_has_tasks_but_gives_none_is_not_asked_in_a_hot_loop() {
    let board = board(&[(0, 1)]);
    board.answered(0, SECOND, 5, &answer(true));
    assert!(matches!(board.plan(SECOND, 5, |_| false), Plan::Idle(until) if until > SECOND));
}

#[test]
fn an_answer_ends_the_pause_that_another_claim_began() {
    let board = board(&[(0, 1)]);
    board.answered(0, SECOND, 5, &answer(true));
    board.answered(0, SECOND, 5, &answer(false));
    assert!(board.all_quiet(SECOND).is_some(), "it is worth listening to");
    board.failed(0, SECOND, &away(), 4, Some(1));
    board.answered(0, SECOND, 5, &answer(true));
    assert_eq!(board.plan(2 * SECOND, 4, |_| false), Plan::Repeat(1, vec![(0, 4)]));
}

#[test]
fn only_empty_queues_are_waited_for_and_paused_ones_count_as_empty() {
    let board = board(&[(0, 1), (1, 1)]);
    assert_eq!(board.quiet(SECOND).0.len(), 0);
    let mut paused = answer(true);
    paused.paused = true;
    board.answered(0, SECOND, 5, &paused);
    let (quiet, all) = board.quiet(SECOND);
    assert_eq!((quiet[0].queue.as_str(), quiet.len(), all), ("q0", 1, false));
    board.answered(1, SECOND, 5, &answer(false));
    assert!(board.quiet(SECOND).1);
}

#[test]
fn a_suspect_that_others_took_is_forgotten() {
    let board = board(&[(0, 1)]);
    let mut suspicious = answer(false);
    suspicious.suspects = 2;
    suspicious.your_turn = true;
    board.answered(0, SECOND, 5, &suspicious);
    assert_eq!(board.suspects(SECOND), (vec![0], true));
    board.answered_alone(0, SECOND, &suspicious);
    assert_eq!(board.suspects(SECOND), (vec![], false));
}

#[test]
fn a_queue_whose_outcomes_pile_up_is_left_out_and_not_waited_for() {
    let board = board(&[(0, 1), (0, 1)]);
    board.answered(0, SECOND, 0, &answer(true));
    board.answered(1, SECOND, 0, &answer(true));
    assert_eq!(board.plan(SECOND, 4, |at| at == 0), Plan::Claim(vec![(1, 4)]));
    assert!(matches!(board.plan(SECOND, 4, |_| true), Plan::Idle(until) if until > SECOND));
    all_empty(&board, 2, SECOND);
    assert!(matches!(board.plan(SECOND, 4, |at| at == 0), Plan::Idle(_)));
    let others: Vec<_> = board.quiet(SECOND).0.into_iter().map(|on| on.queue).collect();
    assert_eq!(others, [QueueName::new("q1").unwrap()]);
    assert!(board.all_quiet(SECOND).is_none(), "a wait would take from it");
}

/// After a long row of this error, how long the queue is left alone.
fn pause_after_many(error: &Error) -> Duration {
    let board = board(&[(0, 1)]);
    (0..20).for_each(|_| board.failed(0, SECOND, error, 4, None));
    match board.plan(SECOND, 4, |_| false) {
        Plan::Idle(until) => until - SECOND,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_store_that_does_not_answer_is_asked_again_soon() {
    for _ in 0..50 {
        assert!(pause_after_many(&away()) <= SECOND);
        let refused = Error::new(ErrorKind::WrongType, Operation::Claim, "a set, not a list");
        assert!(pause_after_many(&refused) >= 2 * SECOND);
    }
}

#[test]
fn a_paused_queue_is_not_waited_on_for_its_inbox() {
    let served = |inbox| Served {
        name: QueueName::new("q").unwrap(),
        level: 0,
        weight: 1,
        inbox,
        routes: Routes::default(),
    };
    let board = Board::new(&[served(true)]);
    board.answered(0, SECOND, 1, &answer(false));
    assert!(board.quiet(SECOND).0[0].inbox);
    let mut paused = answer(true);
    paused.paused = true;
    board.answered(0, SECOND, 1, &paused);
    let (waited, _) = board.quiet(SECOND);
    assert!(!waited[0].inbox);
    board.look_again(&waited);
    assert_eq!(board.plan(SECOND, 1, |_| false), Plan::Claim(vec![(0, 1)]));
}

#[test]
fn a_ring_while_a_claim_is_under_way_outlives_its_answer() {
    let board = board(&[(0, 1)]);
    all_empty(&board, 1, SECOND);
    board.rang("q0");
    assert_eq!(board.plan(SECOND, 8, |_| false), Plan::Claim(vec![(0, 8)]));
    board.rang("q0");
    board.answered(0, SECOND, 8, &answer(false));
    assert_eq!(board.plan(SECOND, 8, |_| false), Plan::Claim(vec![(0, 8)]), "it is asked again");
    board.answered(0, SECOND, 8, &answer(false));
    assert!(matches!(board.plan(SECOND, 8, |_| false), Plan::Idle(_)));
}
