use super::*;

#[test]
fn a_claim_is_named_from_its_beginning_until_its_last_task_is_settled() {
    let ledger = Ledger::new(1);
    let number = ledger.begin([0]);
    assert_eq!(ledger.name(0).claims, [number]);
    let batch = ledger.answered(number, 0, 3, StoreTime::default());
    ledger.settled(&batch, 2);
    assert_eq!((ledger.name(0).claims, ledger.held()), (vec![number], 1));
    ledger.settled(&batch, 1);
    assert_eq!((ledger.name(0).claims, ledger.held()), (vec![], 0));
}

#[test]
fn an_empty_answer_holds_nothing() {
    let ledger = Ledger::new(2);
    let number = ledger.begin([0, 1]);
    ledger.answered(number, 0, 0, StoreTime::default());
    assert!(ledger.is_unsure(|_| true), "the other queue has not answered");
    assert_eq!((ledger.name(0).claims, ledger.name(1).claims), (vec![], vec![number]));
    ledger.nothing(number, 1);
    assert!(!ledger.is_unsure(|_| true));
}

#[test]
fn the_mark_is_above_all_that_is_named() {
    let ledger = Ledger::new(1);
    let numbers: Vec<u64> = (0..3).map(|_| ledger.begin([0])).collect();
    assert_eq!(ledger.name(0).below, numbers[2] + 1);
}

#[test]
fn what_does_not_fit_into_a_renewal_stands_above_its_mark() {
    let ledger = Ledger::new(1);
    for _ in 0..CLAIMS_PER_RENEWAL + 5 {
        let number = ledger.begin([0]);
        ledger.answered(number, 0, 1, StoreTime::default());
    }
    let named = ledger.name(0);
    assert_eq!(named.claims.len(), CLAIMS_PER_RENEWAL);
    assert!(named.claims.iter().all(|number| *number < named.below));
    let next = named.claims.last().unwrap() + 1;
    assert_eq!(named.below, next, "the first that is not named is not below");
}

#[test]
fn a_queue_has_many_claims_before_one_renewal_cannot_name_them() {
    let ledger = Ledger::new(2);
    let mut batches = Vec::new();
    while !ledger.has_many_claims(0) {
        let number = ledger.begin([0]);
        batches.push(ledger.answered(number, 0, 1, StoreTime::default()));
    }
    assert!(!ledger.has_many_claims(1));
    for _ in 0..99 {
        ledger.begin([0]);
    }
    assert_eq!(ledger.name(0).claims.len(), batches.len() + 99, "what is in flight has room");
    ledger.settled(&batches[0], 1);
    assert!(!ledger.has_many_claims(0));
}

#[test]
fn a_claim_given_up_is_sure_again_only_after_a_renewal_that_did_not_name_it() {
    let ledger = Ledger::new(1);
    let named_before = ledger.name(0);
    ledger.begin([0]);
    ledger.abandon_all();
    ledger.renewed(0, &named_before, &[], StoreTime::default());
    assert!(ledger.is_unsure(|_| true), "that renewal was written before");
    ledger.renewed(0, &ledger.name(0), &[], StoreTime::default());
    assert!(!ledger.is_unsure(|_| true));
}

#[test]
fn a_claim_that_was_just_settled_is_not_taken_for_lost() {
    let ledger = Ledger::new(1);
    let number = ledger.begin([0]);
    let batch = ledger.answered(number, 0, 2, StoreTime::default());
    let named = ledger.name(0);
    batch.finished();
    batch.finished();
    // The store has both outcomes; its answer is on the way.
    assert_eq!(ledger.renewed(0, &named, &[number], StoreTime::default()), 0);
    assert!(!batch.is_stopped());

    let number = ledger.begin([0]);
    let batch = ledger.answered(number, 0, 2, StoreTime::default());
    batch.finished();
    assert_eq!(ledger.renewed(0, &ledger.name(0), &[number], StoreTime::default()), 1);
    assert!(batch.is_stopped());
}

#[test]
fn a_lost_claim_whose_runs_go_on_is_counted_once() {
    let ledger = Ledger::new(1);
    let claim = || {
        let number = ledger.begin([0]);
        (number, ledger.answered(number, 0, 2, StoreTime::default()))
    };
    let ((lost, _), (told, by_its_lease)) = (claim(), claim());
    assert_eq!(ledger.renewed(0, &ledger.name(0), &[lost], StoreTime::default()), 1);
    assert_eq!(ledger.renewed(0, &ledger.name(0), &[lost], StoreTime::default()), 0);
    assert_eq!(ledger.stop(0), 1);
    assert!(by_its_lease.is_stopped());
    assert_eq!(ledger.renewed(0, &ledger.name(0), &[lost, told], StoreTime::default()), 0);
}

/// A claim is carried out at `claimed`, and a renewal finds it gone at `renewed`; told in this order.
fn late(claimed: u64, renewed: u64, answer_first: bool) -> (Arc<Batch>, usize) {
    let ledger = Ledger::new(1);
    let number = ledger.begin([0]);
    let named = ledger.name(0);
    let [claimed, renewed] = [claimed, renewed].map(StoreTime::from_millis);
    let answer = || ledger.answered(number, 0, 1, claimed);
    let renew = || ledger.renewed(0, &named, &[number], renewed);
    if answer_first {
        let batch = answer();
        let stopped = renew();
        (batch, stopped)
    } else {
        let stopped = renew();
        (answer(), stopped)
    }
}

#[test]
fn an_answer_that_is_read_after_its_claim_was_found_gone_starts_nothing() {
    let (batch, stopped) = late(1_000, 60_000, false);
    assert_eq!((batch.is_stopped(), stopped), (true, 0));
    let (batch, stopped) = late(1_000, 60_000, true);
    assert_eq!((batch.is_stopped(), stopped), (true, 1));
}

#[test]
fn a_claim_that_the_store_sees_after_a_renewal_is_not_taken_for_gone() {
    for answer_first in [true, false] {
        for claimed in [60_000, 60_001] {
            let (batch, stopped) = late(claimed, 60_000, answer_first);
            assert_eq!((batch.is_stopped(), stopped), (false, 0), "{claimed} {answer_first}");
        }
    }
}
