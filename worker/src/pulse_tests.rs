use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn state(pulse: &Pulse, seconds: u64) -> LoopState {
    pulse.read(at(seconds)).state
}

#[test]
fn a_loop_that_asks_is_not_trusted_before_its_first_success() {
    let pulse = Pulse::asking(at(10));
    assert_eq!(state(&pulse, 11), LoopState::Starting);
    assert_eq!(state(&pulse, 14), LoopState::Silent);
    pulse.succeeded(None, at(14));
    assert_eq!(state(&pulse, 14), LoopState::Well);
}

#[test]
fn one_that_has_nothing_to_ask_for_is_well_for_ever() {
    let pulse = Pulse::waiting(at(10));
    assert_eq!(state(&pulse, 1_000_000), LoopState::Well);
    pulse.asks(at(1_000_000));
    assert_eq!(state(&pulse, 1_000_003), LoopState::Well);
    assert_eq!(state(&pulse, 1_000_004), LoopState::Silent);
    pulse.owes_nothing(None);
    assert_eq!(state(&pulse, 2_000_000), LoopState::Well);
}

#[test]
fn a_question_that_was_due_is_owed() {
    let pulse = Pulse::waiting(at(0));
    pulse.succeeded(None, at(0));
    pulse.asks_at(at(5));
    assert_eq!(pulse.read(at(8)).silent_for, 3 * SECOND);
    assert_eq!((state(&pulse, 8), state(&pulse, 9)), (LoopState::Well, LoopState::Silent));
    assert_eq!(state(&pulse, 65), LoopState::Silent);
    assert_eq!(state(&pulse, 66), LoopState::Stuck);
}

#[test]
fn errors_keep_it_silent_and_from_being_stuck() {
    let pulse = Pulse::asking(at(0));
    for second in 1..1_000 {
        pulse.asks(at(second));
        pulse.failed(None, at(second));
        pulse.asks_at(at(second + 1));
        let expected = if second > 3 { LoopState::Silent } else { LoopState::Starting };
        assert_eq!(state(&pulse, second), expected);
    }
    pulse.succeeded(None, at(1_000));
    let reading = pulse.read(at(1_002));
    assert_eq!((reading.state, reading.silent_for), (LoopState::Well, Duration::ZERO));
    assert_eq!(reading.success, Some(2 * SECOND));
}

#[test]
fn who_asks_once_still_owes_what_was_asked_for_first() {
    let pulse = Pulse::waiting(at(0));
    pulse.asks_once(at(5));
    pulse.asks_once(at(12));
    assert_eq!(pulse.read(at(9)).silent_for, 4 * SECOND);
    pulse.succeeded(None, at(9));
    pulse.failed(None, at(10));
    pulse.asks_once(at(20));
    assert_eq!(pulse.read(at(14)).silent_for, 4 * SECOND);
    pulse.owes_nothing(None);
    pulse.asks_once(at(20));
    assert_eq!(state(&pulse, 23), LoopState::Well);
    assert_eq!(state(&pulse, 24), LoopState::Silent);
}

#[test]
fn restarts_do_not_count_as_a_sign_of_the_store() {
    let pulse = Pulse::waiting(at(0));
    pulse.succeeded(None, at(0));
    for second in 1..=60 {
        pulse.restarted(at(second));
    }
    assert_eq!(state(&pulse, 61), LoopState::Silent);
    assert_eq!(state(&pulse, 62), LoopState::Stuck);
    assert_eq!(pulse.read(at(62)).restarts, 60);
}

#[test]
fn what_has_ended_has_ended() {
    let pulse = Pulse::asking(at(0));
    pulse.ended();
    assert_eq!(state(&pulse, 1_000), LoopState::Ended);
}

#[test]
fn an_answer_for_one_queue_does_not_make_good_what_is_owed_for_another() {
    let pulse = Pulse::asking(at(0));
    pulse.succeeded(None, at(0));
    for second in 1..=10 {
        pulse.asks(at(second));
        pulse.failed(Some(1), at(second));
        pulse.succeeded(Some(0), at(second));
    }
    assert_eq!(pulse.read(at(10)).silent_for, 9 * SECOND);
    assert_eq!((state(&pulse, 4), state(&pulse, 10)), (LoopState::Well, LoopState::Silent));
    pulse.succeeded(Some(1), at(11));
    assert_eq!(state(&pulse, 11), LoopState::Well);
}

#[test]
fn a_refusal_of_one_queue_is_made_good_by_what_was_asked_with_it() {
    let pulse = Pulse::asking(at(0));
    for second in 0..10 {
        pulse.asks(at(second));
        pulse.succeeded(Some(0), at(second));
        pulse.refused(1, 2, at(second));
    }
    assert_eq!(state(&pulse, 100), LoopState::Well);
}

#[test]
fn what_is_asked_of_a_refused_queue_alone_is_answered_by_the_refusal() {
    let pulse = Pulse::asking(at(0));
    pulse.succeeded(Some(0), at(0));
    pulse.asks(at(10));
    pulse.refused(1, 2, at(10));
    assert_eq!(state(&pulse, 100), LoopState::Well);
    pulse.asks(at(100));
    pulse.refused(0, 2, at(100));
    assert_eq!(state(&pulse, 104), LoopState::Silent, "all are refused");
    pulse.succeeded(Some(0), at(104));
    pulse.asks(at(105));
    pulse.failed(Some(0), at(105));
    pulse.refused(1, 2, at(105));
    assert_eq!(state(&pulse, 109), LoopState::Silent, "no refusal pays what another queue owes");
}

#[test]
fn a_refusal_of_the_only_queue_leaves_what_is_owed() {
    let pulse = Pulse::asking(at(0));
    pulse.succeeded(Some(0), at(0));
    pulse.asks(at(100));
    pulse.refused(0, 1, at(100));
    assert_eq!(state(&pulse, 104), LoopState::Silent, "it has nobody else");
}

#[test]
fn a_refusal_is_no_first_success() {
    let pulse = Pulse::asking(at(0));
    pulse.refused(1, 2, at(0));
    assert_eq!((state(&pulse, 1), state(&pulse, 4)), (LoopState::Starting, LoopState::Silent));
}
