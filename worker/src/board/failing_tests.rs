use tireless_core::{Error, ErrorKind, Operation};

use super::super::tests::{SECOND, all_empty, answer, away, board, more_of};
use super::super::{Board, Plan};
use super::*;

const LATER: Duration = Duration::from_secs(3);

/// A board of queues that are full; these fail since the first second.
fn failing_of(queues: usize, failing: &[usize]) -> Board {
    let board = board(&vec![(0, 1); queues]);
    (0..queues).for_each(|at| board.answered(at, SECOND, 1, &more_of(1)));
    failing.iter().for_each(|at| board.failed(*at, SECOND, &away(), 4, None));
    board
}

#[test]
fn what_fails_is_asked_apart_and_for_nothing_while_others_are_well() {
    let board = failing_of(3, &[1]);
    assert_eq!(board.plan(LATER, 4, |_| false), Plan::Claim(vec![(1, 0)]));
    assert_eq!(board.plan(LATER, 4, |_| false), Plan::Claim(vec![(0, 2), (2, 2)]), "beside it");
    board.answered(1, LATER, 0, &answer(true));
    let Plan::Claim(wanted) = board.plan(LATER, 6, |_| false) else { panic!() };
    assert_eq!(wanted, [(0, 2), (1, 2), (2, 2)], "its share, and nothing that it was owed");
}

#[test]
fn a_dark_queue_of_an_earlier_level_keeps_no_later_one_waiting() {
    let board = board(&[(0, 1), (1, 1)]);
    all_empty(&board, 2, SECOND);
    board.answered(1, SECOND, 1, &more_of(1));
    board.failed(0, SECOND, &away(), 4, None);
    assert_eq!(board.plan(LATER, 4, |_| false), Plan::Claim(vec![(0, 0)]));
    assert_eq!(board.plan(LATER, 4, |_| false), Plan::Claim(vec![(1, 4)]));
    board.answered(0, LATER, 0, &answer(true));
    assert_eq!(board.plan(LATER, 4, |_| false), Plan::Claim(vec![(0, 4)]), "it goes before");
}

#[test]
fn of_those_that_fail_one_call_at_a_time_is_under_way() {
    for others in [0, 1] {
        let board = failing_of(3 + others, &[0, 1, 2]);
        if others > 0 {
            board.answered(3, SECOND, 0, &answer(false));
        }
        board.failed(0, 2 * SECOND, &away(), 4, None);
        let at = 2 * SECOND + Duration::from_micros(1);
        let Plan::Claim(asked) = board.plan(at, 4, |_| false) else { panic!() };
        assert_eq!(asked.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(asked.iter().all(|(_, max)| *max == 0), others > 0);
        match board.plan(LATER, 4, |at| at == 3) {
            Plan::Idle(until) => assert!(until > LATER + SECOND / 2, "not in a hot loop"),
            other => panic!("{other:?}"),
        }
        let max = asked.iter().find(|(at, _)| *at == 1).unwrap().1;
        board.failed(1, LATER, &away(), max, None);
        board.answered(2, LATER, 0, &answer(false));
        let Plan::Claim(asked) = board.plan(LATER, 4, |at| at == 3) else { panic!() };
        assert_eq!(asked, [(0, 0)], "others are well now");
    }
}

#[test]
fn who_has_just_failed_waits_for_none_that_have_failed_for_long() {
    let board = failing_of(3, &[0]);
    assert_eq!(board.plan(9 * SECOND, 4, |_| false), Plan::Claim(vec![(0, 0)]));
    board.failed(1, 9 * SECOND, &away(), 4, None);
    assert_eq!(board.plan(10 * SECOND, 4, |at| at == 2), Plan::Claim(vec![(1, 0)]));
    for (at, since) in [(0, SECOND), (1, 9 * SECOND)] {
        board.failed(at, since, &away(), 0, None);
    }
    assert_eq!(board.plan(11 * SECOND, 4, |at| at == 2), Plan::Claim(vec![(1, 0)]));
    assert_eq!(board.plan(11 * SECOND, 4, |at| at == 2), Plan::Claim(vec![(0, 0)]));
}

#[test]
fn what_takes_tasks_and_fails_each_time_is_left_alone_for_longer_though_looks_go_well() {
    let wrong = Error::new(ErrorKind::WrongType, Operation::Claim, "a set, not a list");
    let board = failing_of(2, &[]);
    let (mut now, mut tries) = (SECOND, 0);
    while now < 101 * SECOND {
        match board.plan(now, 4, |at| at == 1) {
            Plan::Claim(wanted) | Plan::Try(wanted) => {
                for (at, max) in wanted {
                    tries += usize::from(max > 0);
                    match max {
                        0 => board.answered(at, now, 0, &answer(true)),
                        _ => board.failed(at, now, &wrong, max, None),
                    }
                }
            }
            Plan::Idle(until) => now = until.max(now + Duration::from_millis(1)),
            Plan::Repeat(..) => panic!("nothing is repeated"),
        }
    }
    assert!((15..70).contains(&tries), "{tries} tries in 100 s");
    board.answered(0, now, 4, &more_of(4));
    board.failed(0, now, &wrong, 4, None);
    let Plan::Idle(until) = board.plan(now, 4, |at| at == 1) else { panic!() };
    assert!(until <= now + SECOND / 5, "it begins anew");
}

#[test]
fn suspects_of_a_queue_that_fails_are_forgotten_until_it_tells_anew() {
    let board = failing_of(2, &[]);
    let mut suspicious = more_of(1);
    suspicious.suspects = 2;
    suspicious.your_turn = true;
    board.answered(0, SECOND, 1, &suspicious);
    assert_eq!(board.suspects(SECOND), (vec![0], true));
    board.failed(0, SECOND, &away(), 4, None);
    assert_eq!(board.suspects(LATER), (vec![], false));
    board.answered(0, LATER, 0, &suspicious);
    assert_eq!(board.suspects(LATER), (vec![0], true));
}
