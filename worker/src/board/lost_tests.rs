use crate::board::Plan;
use crate::board::tests::{SECOND, answer, away, board, more_of};

#[test]
fn a_lost_answer_is_asked_for_again_with_its_number_while_others_go_on() {
    let board = board(&[(0, 1), (1, 1)]);
    board.answered(1, SECOND, 0, &answer(true));
    board.failed(0, SECOND, &away(), 8, Some(7));
    assert_eq!(board.plan(SECOND, 4, |_| false), Plan::Claim(vec![(1, 4)]), "it pauses first");
    assert!(board.repeats());
    assert_eq!(board.plan(2 * SECOND, 4, |_| false), Plan::Repeat(7, vec![(0, 8)]));
    assert!(!board.repeats(), "it is in flight");
    assert_eq!(board.plan(2 * SECOND, 4, |_| false), Plan::Claim(vec![(1, 4)]));
    board.answered(0, 2 * SECOND, 8, &answer(true));
    board.answered(1, 2 * SECOND, 4, &answer(false));
    board.answered(1, 2 * SECOND, 4, &answer(false));
    assert_eq!(board.plan(3 * SECOND, 4, |_| false), Plan::Claim(vec![(0, 4)]));
}

#[test]
fn of_several_lost_answers_each_is_asked_for() {
    let board = board(&[(0, 1)]);
    board.answered(0, SECOND, 1, &more_of(1));
    for _ in 0..3 {
        assert_eq!(board.plan(SECOND, 4, |_| false), Plan::Claim(vec![(0, 4)]), "side by side");
    }
    for number in [3, 1, 2] {
        board.failed(0, SECOND, &away(), 4, Some(number));
    }
    let repeat = |number| {
        assert!(board.repeats());
        assert_eq!(board.plan(9 * SECOND, 4, |_| false), Plan::Repeat(number, vec![(0, 4)]));
    };
    repeat(1);
    let one = "a store that is away is asked by one claim at a time";
    assert_eq!(board.plan(9 * SECOND, 4, |_| false), Plan::Idle(14 * SECOND), "{one}");
    board.answered(0, 9 * SECOND, 4, &more_of(1));
    repeat(2);
    repeat(3);
    board.rang("q0");
    assert!(matches!(board.plan(9 * SECOND, 4, |_| false), Plan::Idle(_)), "all are in flight");
    board.failed(0, 9 * SECOND, &away(), 4, Some(2));
    board.answered(0, 9 * SECOND, 4, &answer(false));
    let again = "although the queue is empty now";
    assert_eq!(board.plan(9 * SECOND, 4, |_| false), Plan::Repeat(2, vec![(0, 4)]), "{again}");
    board.failed(0, 9 * SECOND, &away(), 4, Some(2));
    assert_eq!(board.take_repeats(), [(0, 2)]);
}

#[test]
fn a_queue_that_keeps_failing_is_not_asked_for_lost_answers() {
    let board = board(&[(0, 1), (1, 1)]);
    board.failed(0, SECOND, &away(), 8, Some(7));
    assert_eq!(board.take_hopeless(5 * SECOND), []);
    assert_eq!(board.plan(5 * SECOND, 0, |at| at == 1), Plan::Repeat(7, vec![(0, 8)]));
    board.failed(0, 5 * SECOND, &away(), 8, Some(7));
    assert_eq!(board.take_hopeless(6 * SECOND), [(0, 7)]);
    assert!(!board.repeats());
    board.answered(0, 7 * SECOND, 8, &answer(true));
    board.failed(0, 7 * SECOND, &away(), 8, Some(8));
    assert_eq!(board.take_hopeless(8 * SECOND), []);
    assert_eq!(board.take_repeats(), [(0, 8)]);
}
