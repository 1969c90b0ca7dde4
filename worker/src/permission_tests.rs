use super::*;

const BEAT: Duration = Duration::from_secs(5);

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// The permission after ticks that were answered at once, at these seconds.
fn after(ticks: &[f64]) -> Permission {
    let mut permission = Permission::default();
    for tick in ticks {
        tick_at(&mut permission, *tick);
    }
    permission
}

fn answer(seconds: f64, steady: bool) -> QueueTicked {
    let mut answer = QueueTicked::default();
    answer.now = StoreTime::from_millis((seconds * 1000.0) as u64);
    answer.steady = steady;
    answer
}

fn tick_at(permission: &mut Permission, seconds: f64) {
    permission.answered(at(seconds), at(seconds), &answer(seconds, false), BEAT);
}

fn is_granted(permission: &Permission, seconds: f64) -> bool {
    permission.grant(at(seconds), BEAT, 3).is_some()
}

#[test]
fn it_takes_two_answered_ticks_a_beat_apart() {
    assert!(!is_granted(&after(&[]), 1.0));
    assert!(!is_granted(&after(&[0.0]), 4.0));
    assert!(!is_granted(&after(&[0.0, 4.0]), 8.0), "not a beat apart");
    assert!(is_granted(&after(&[0.0, 4.0, 8.0]), 12.0));
    assert!(is_granted(&after(&[0.0, 5.0]), 9.0));
}

#[test]
fn it_ends_a_beat_after_the_last_answer_by_the_stores_clock() {
    let granted = after(&[0.0, 4.0, 8.0]).grant(at(12.0), BEAT, 7).unwrap();
    assert_eq!(
        granted,
        Reclaim { not_after: StoreTime::from_millis(13_000), bury_after_crashes: 7 }
    );
    assert!(!is_granted(&after(&[0.0, 4.0, 8.0]), 13.0), "too late to be of use");
    assert!(after(&[0.0, 4.0, 8.0]).is_stale(at(13.0), BEAT));
}

#[test]
fn a_failure_a_slow_answer_and_a_long_gap_each_start_anew() {
    let mut failed = after(&[0.0, 4.0, 8.0]);
    failed.failed();
    assert!(!is_granted(&failed, 9.0));
    tick_at(&mut failed, 9.0);
    assert!(!is_granted(&failed, 10.0));

    let mut slow = after(&[0.0, 4.0]);
    slow.answered(at(8.0), at(11.0), &answer(11.0, false), BEAT);
    assert!(!is_granted(&slow, 12.0));

    let mut gap = after(&[0.0, 4.0, 8.0]);
    tick_at(&mut gap, 19.0);
    assert!(!is_granted(&gap, 19.1));
    tick_at(&mut gap, 23.0);
    tick_at(&mut gap, 24.5);
    assert!(is_granted(&gap, 25.0));
}

#[test]
fn who_is_new_trusts_the_row_that_the_store_keeps() {
    let mut new = Permission::default();
    new.answered(at(1.0), at(1.0), &answer(1.0, true), BEAT);
    assert!(!is_granted(&new, 3.4), "who was just cut off comes first");
    assert_eq!(new.opens_in(at(1.0), BEAT), Some(BEAT / 2));
    assert!(is_granted(&new, 3.5) && !is_granted(&new, 6.0));
    assert!(new.is_stale(at(6.0), BEAT));
}

#[test]
fn who_saw_a_failure_trusts_its_own_row_alone() {
    let mut doubting = Permission::default();
    assert!(!doubting.starts_anew(), "it is new");
    doubting.failed();
    assert!(doubting.starts_anew(), "all are to learn of it");
    for seconds in [1.0, 5.0] {
        doubting.answered(at(seconds), at(seconds), &answer(seconds, true), BEAT);
        assert!(!is_granted(&doubting, seconds), "others saw a steady row, this one did not");
        assert!(!doubting.starts_anew(), "once");
    }
    doubting.answered(at(6.0), at(6.0), &answer(6.0, true), BEAT);
    assert!(is_granted(&doubting, 6.0));

    let mut slow = Permission::default();
    slow.answered(at(1.0), at(4.0), &answer(4.0, true), BEAT);
    assert!(!is_granted(&slow, 4.0), "its answer was long on the way");
}

#[test]
fn a_clock_that_was_set_starts_anew() {
    for (ours, theirs) in [(8.0, 11.0), (8.0, 3.0), (8.0, 5.0)] {
        let mut set = after(&[0.0, 4.0]);
        set.answered(at(ours), at(ours), &answer(theirs, true), BEAT);
        assert!(!is_granted(&set, 11.0), "the store went from 4 to {theirs} s in four seconds");
    }
    let mut slowly = after(&[0.0, 4.0]);
    slowly.answered(at(8.0), at(8.0), &answer(9.0, false), BEAT);
    assert!(is_granted(&slowly, 8.0), "a little is no jump");
}
