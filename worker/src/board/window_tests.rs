use tireless_core::{Error, ErrorKind, Operation, Result};

use super::*;
use crate::board::Plan;
use crate::board::tests::{SECOND, answer, away, board, more_of};

fn late() -> Error {
    Error::new(ErrorKind::Timeout, Operation::Claim, "no answer")
}

/// A queue answers a claim after so long: with all that was asked for, and there is more.
fn brings(board: &Board, at: usize, max: usize, took: Duration) {
    let answers: [(usize, usize, Result<QueueClaimed>); 1] = [(at, max, Ok(more_of(max)))];
    board.took(took, &answers);
    board.answered(at, SECOND, max, &more_of(max));
}

/// A board of queues that are full; the answers of these did not come in time.
fn late_of(queues: usize, late_ones: &[usize]) -> Board {
    let board = board(&vec![(0, 1); queues]);
    (0..queues).for_each(|at| board.answered(at, SECOND, 1, &more_of(1)));
    for at in late_ones {
        board.failed(*at, SECOND, &late(), 8, None);
        board.answered(*at, SECOND, 0, &more_of(1));
    }
    board
}

fn asks(board: &Board, tasks: usize) -> Vec<(usize, usize)> {
    match board.plan(SECOND, tasks, |_| false) {
        Plan::Claim(wanted) | Plan::Try(wanted) => wanted,
        Plan::Idle(until) => {
            assert!(until > SECOND + Duration::from_millis(100), "nobody asks in a hot loop");
            Vec::new()
        }
        Plan::Repeat(..) => panic!("nothing is repeated"),
    }
}

#[test]
fn after_a_late_answer_one_is_asked_for_then_twice_as_many_each_time_that_they_come_soon() {
    let board = late_of(1, &[0]);
    for max in [1, 2, 4, 8] {
        assert_eq!(asks(&board, 100), [(0, max)]);
        assert_eq!(asks(&board, 100), [], "nothing beside it");
        brings(&board, 0, max, SECOND);
    }
    assert_eq!(asks(&board, 100), [(0, 16)]);
    brings(&board, 0, 16, SECOND + Duration::from_millis(1));
    assert_eq!(asks(&board, 100), [(0, 16)], "twice as many might be late");
    board.failed(0, SECOND, &late(), 16, None);
    board.answered(0, SECOND, 0, &more_of(1));
    assert_eq!(asks(&board, 100), [(0, 1)]);
}

#[test]
fn claims_side_by_side_share_the_window() {
    let board = late_of(1, &[0]);
    for max in [1, 2, 4] {
        asks(&board, max);
        brings(&board, 0, max, SECOND);
    }
    assert_eq!(asks(&board, 5), [(0, 5)]);
    assert_eq!(asks(&board, 5), [(0, 3)]);
    assert_eq!(asks(&board, 5), []);
    brings(&board, 0, 5, SECOND);
    brings(&board, 0, 3, SECOND);
    assert_eq!(asks(&board, 100), [(0, 16)], "they came together");
}

#[test]
fn a_small_answer_to_a_large_claim_widens_nothing() {
    let board = late_of(1, &[0]);
    asks(&board, 1);
    brings(&board, 0, 1, SECOND);
    assert_eq!(asks(&board, 8), [(0, 2)]);
    let mut last = more_of(1);
    last.more = false;
    board.took(Duration::ZERO, &[(0, 2, Ok(last))]);
    board.answered(0, SECOND, 2, &more_of(1));
    assert_eq!(asks(&board, 8), [(0, 2)]);
}

#[test]
fn other_errors_narrow_nothing() {
    let board = late_of(1, &[]);
    board.failed(0, SECOND, &away(), 8, None);
    board.answered(0, SECOND, 0, &more_of(1));
    assert_eq!(asks(&board, 8), [(0, 8)]);
    board.failed(0, SECOND, &late(), 0, None);
    board.answered(0, SECOND, 0, &more_of(1));
    assert_eq!(asks(&board, 8), [(0, 8)], "a glance carries nothing");
}

#[test]
fn narrow_windows_are_one_link_and_take_turns_while_others_go_on() {
    let board = late_of(4, &[0, 1, 2]);
    let mut turns = Vec::new();
    for second in 1..=6 {
        let now = second * SECOND;
        // Once each by itself, which takes nothing of what the others are asked for.
        let (mut wanted, others) = if second > 3 { (vec![], 2) } else { (asks(&board, 8), 8) };
        let Plan::Claim(some) = board.plan(now, 8, |_| false) else { panic!("nobody is asked") };
        wanted.extend(some);
        assert!(wanted.contains(&(3, others)), "{wanted:?}");
        let narrow: Vec<_> = wanted.iter().filter(|(at, _)| *at < 3).copied().collect();
        assert_eq!((narrow.len(), narrow[0].1), (1, 1), "{wanted:?}");
        wanted.iter().for_each(|(at, max)| board.answered(*at, now, *max, &more_of(*max)));
        turns.push(narrow[0].0);
    }
    assert_eq!(turns, [0, 1, 2, 0, 1, 2]);
}

#[test]
fn a_wide_window_holds_what_goes_through_narrow_ones_too() {
    let board = late_of(2, &[0]);
    for max in [1, 2, 4] {
        assert!(asks(&board, 2 * max).contains(&(0, max)));
        board.took(SECOND, &[(0, max, Ok(more_of(max)))]);
        (0..2).for_each(|at| board.answered(at, SECOND, max, &more_of(max)));
    }
    board.failed(1, SECOND, &late(), 8, None);
    board.answered(1, SECOND, 0, &more_of(1));
    assert_eq!(asks(&board, 100), [(1, 1)]);
    assert_eq!(asks(&board, 100), [(0, 7)]);
    assert_eq!(asks(&board, 100), []);
}

#[test]
fn lost_answers_of_a_narrow_queue_are_asked_for_one_after_the_other() {
    let board = late_of(1, &[]);
    (0..3).for_each(|_| assert_eq!(asks(&board, 4), [(0, 4)]));
    (1..=3).for_each(|number| board.failed(0, SECOND, &late(), 4, Some(number)));
    for number in 1..=3 {
        let repeat = Plan::Repeat(number, vec![(0, 4)]);
        assert_eq!(board.plan(9 * SECOND, 4, |_| false), repeat);
        let idle = board.plan(9 * SECOND, 4, |_| false);
        assert_eq!(idle, Plan::Idle(14 * SECOND), "an answer ends that");
        board.answered(0, 9 * SECOND, 4, &more_of(4));
    }
}

#[test]
fn what_a_dark_queue_is_asked_again_for_keeps_no_narrow_one_waiting() {
    let board = late_of(2, &[1]);
    board.failed(0, SECOND, &late(), 8, Some(7));
    assert_eq!(board.plan(2 * SECOND, 100, |_| false), Plan::Repeat(7, vec![(0, 8)]));
    assert_eq!(asks(&board, 100), [(1, 1)]);
}

#[test]
fn after_a_late_answer_and_a_look_one_task_is_asked_for_by_itself_until_it_has_come() {
    let board = late_of(3, &[1]);
    assert_eq!(board.plan(SECOND, 8, |_| false), Plan::Try(vec![(1, 1)]));
    // Whatever the others have, they wait for nothing of it.
    let Plan::Claim(others) = board.plan(SECOND, 8, |_| false) else { panic!() };
    assert_eq!(others.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 2]);
    board.failed(1, SECOND, &late(), 1, None);
    board.answered(1, 3 * SECOND, 0, &more_of(1));
    assert_eq!(board.plan(3 * SECOND, 8, |_| false), Plan::Try(vec![(1, 1)]), "again");
    brings(&board, 1, 1, SECOND);
    let Plan::Claim(all) = board.plan(3 * SECOND, 8, |_| false) else { panic!() };
    assert_eq!(all.len(), 3, "it is one of them again: {all:?}");
}

#[test]
fn of_several_on_trial_the_one_asked_longest_ago_is_next_and_each_in_its_level() {
    let board = board(&[(0, 1), (0, 1), (1, 1)]);
    for at in 0..3 {
        board.failed(at, SECOND, &late(), 8, None);
        board.answered(at, SECOND, 0, &more_of(1));
    }
    for (second, at) in [(2, 0), (3, 1), (4, 0)] {
        let now = second * SECOND;
        assert_eq!(board.plan(now, 8, |_| false), Plan::Try(vec![(at, 1)]));
        board.failed(at, now, &late(), 1, None);
        board.answered(at, now, 0, &more_of(1));
    }
    (0..2).for_each(|at| board.answered(at, 5 * SECOND, 1, &answer(false)));
    assert_eq!(board.plan(5 * SECOND, 8, |_| false), Plan::Try(vec![(2, 1)]));
}

#[test]
fn after_an_outage_a_queue_that_is_empty_is_on_trial_no_more() {
    let board = late_of(2, &[0, 1]);
    let tries = |now| {
        for at in 0..2 {
            assert_eq!(board.plan(now, 8, |_| false), Plan::Try(vec![(at, 1)]));
            board.answered(at, now, 1, &answer(false));
        }
        board.has_trial()
    };
    assert!(tries(6 * SECOND), "the late claim may hold what there was");
    assert!(!tries(11 * SECOND));
    let Plan::Claim(both) = board.plan(17 * SECOND, 8, |_| false) else { panic!() };
    assert_eq!(both.len(), 2, "one round trip tells of all: {both:?}");
}

#[test]
fn a_trial_that_was_given_nothing_has_told_nothing() {
    let board = late_of(2, &[1]);
    assert_eq!(board.plan(SECOND, 8, |_| false), Plan::Try(vec![(1, 1)]));
    board.failed(1, SECOND, &late(), 1, None);
    board.answered(1, 2 * SECOND, 0, &more_of(1));
    assert_eq!(board.plan(2 * SECOND, 8, |_| false), Plan::Try(vec![(1, 1)]));
    // Another worker holds the task, and soon gives it back.
    board.answered(1, 2 * SECOND, 1, &answer(false));
    board.answered(1, 30 * SECOND, 0, &answer(false));
    assert!(board.has_trial());
    board.answered(1, 2 * SECOND, 0, &more_of(1));
    assert_eq!(board.plan(2 * SECOND, 8, |_| false), Plan::Try(vec![(1, 1)]));
    brings(&board, 1, 1, SECOND);
    assert!(!board.has_trial());
}
