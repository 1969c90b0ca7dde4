use std::collections::HashSet;

use super::Want;
use crate::board::Plan;
use crate::board::glance::GLANCE;
use crate::board::tests::{SECOND, all_empty, answer, board};

#[test]
fn small_claims_share_by_weight_too() {
    let board = board(&[(0, 3), (0, 1)]);
    (0..2).for_each(|at| board.answered(at, SECOND, 0, &answer(true)));
    let mut given = [0, 0];
    for _ in 0..400 {
        let Plan::Claim(wanted) = board.plan(SECOND, 1, |_| false) else { panic!() };
        assert_eq!(wanted.len(), 1, "one task is asked of one queue");
        given[wanted[0].0] += wanted[0].1;
    }
    assert_eq!(given, [300, 100]);
}

#[test]
fn queues_that_get_no_share_are_looked_at_once() {
    let board = board(&[(0, 1); 40]);
    let Plan::Claim(wanted) = board.plan(SECOND, 8, |_| false) else { panic!() };
    assert_eq!(wanted.len(), 40, "one call tells of all");
    assert_eq!(wanted.iter().map(|(_, max)| max).sum::<usize>(), 8);
    all_empty(&board, 40, SECOND);
    assert_eq!(board.plan(SECOND, 8, |_| false), Plan::Idle(6 * SECOND));
}

#[test]
fn empty_queues_are_glanced_at_in_turn_and_a_few_a_claim() {
    let board = board(&[(0, 1); 101]);
    all_empty(&board, 101, SECOND);
    let mut seen = HashSet::new();
    for claim in 0_u32..7 {
        let now = 2 * SECOND + claim * std::time::Duration::from_millis(10);
        board.answered(100, now, 0, &answer(true));
        let Plan::Claim(wanted) = board.plan(now, 8, |_| false) else { panic!() };
        assert_eq!(wanted.last(), Some(&(100, 8)));
        assert!(wanted.len() <= 17, "{}", wanted.len());
        for (at, max) in &wanted[..wanted.len() - 1] {
            assert_eq!(*max, 0);
            board.answered(*at, now, 0, &answer(false));
            assert!(seen.insert(*at), "each once");
        }
    }
    assert_eq!(seen.len(), 100);
}

#[test]
fn of_many_queues_some_are_asked_for_what_is_worth_a_call_and_all_in_their_turn() {
    let weights: Vec<(usize, u32)> = (0..100).map(|at| (0, if at < 50 { 1 } else { 3 })).collect();
    let board = board(&weights);
    (0..100).for_each(|at| board.answered(at, SECOND, 0, &answer(true)));
    let mut given = [0_usize; 100];
    for _ in 0..500 {
        let want = Want { tasks: 64, share: 16 };
        let Plan::Claim(wanted) = board.plan(SECOND, want, |_| false) else { panic!() };
        assert!(wanted.len() <= 4, "{wanted:?}");
        assert_eq!(wanted.iter().map(|(_, max)| max).sum::<usize>(), 64);
        wanted.iter().for_each(|(at, max)| given[*at] += max);
    }
    // 32,000 tasks by weights of 50 and 150.
    for (at, given) in given.iter().enumerate() {
        let due: usize = if at < 50 { 160 } else { 480 };
        assert!(given.abs_diff(due) <= 64, "{at}: {given} of {due}");
    }
}

#[test]
fn shares_add_up_to_what_is_wanted() {
    let board = board(&[(0, 5), (0, 3), (0, 7)]);
    (0..3).for_each(|at| board.answered(at, SECOND, 0, &answer(true)));
    let mut given = [0; 3];
    for want in 1..=150 {
        let Plan::Claim(wanted) = board.plan(SECOND, want, |_| false) else { panic!() };
        assert_eq!(wanted.iter().map(|(_, max)| max).sum::<usize>(), want);
        wanted.iter().for_each(|(at, max)| given[*at] += max);
    }
    let all: usize = given.iter().sum();
    for (at, weight) in [5, 3, 7].into_iter().enumerate() {
        let due = all * weight / 15;
        assert!(given[at].abs_diff(due) <= 1, "{given:?}");
    }
}

#[test]
fn a_busy_pool_glances_at_empty_queues_that_go_before() {
    let board = board(&[(0, 1), (1, 1), (2, 1)]);
    board.answered(0, SECOND, 0, &answer(false));
    board.answered(1, SECOND, 0, &answer(true));
    board.answered(2, SECOND, 0, &answer(false));
    assert_eq!(board.plan(SECOND, 4, |_| false), Plan::Claim(vec![(1, 4)]));
    assert_eq!(board.plan(SECOND + GLANCE, 4, |_| false), Plan::Claim(vec![(0, 0), (1, 4)]));
}
