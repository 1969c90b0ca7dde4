use tireless_core::{Failure, StoreTime};

use super::*;
use crate::ledger::Ledger;

/// Claims of so many tasks each.
fn claims(sizes: &[usize]) -> Vec<Arc<Batch>> {
    let ledger = Ledger::new(1);
    let claim = |size: &usize| {
        let number = ledger.begin([0]);
        ledger.answered(number, 0, *size, StoreTime::default())
    };
    sizes.iter().map(claim).collect()
}

fn end(pending: &mut Pending, batch: &Arc<Batch>, place: usize, outcome: Outcome) {
    batch.finished();
    let (id, batch) = (TaskId::new(), Arc::clone(batch));
    pending.finished.push(Finished { id, batch, place, outcome, settled: None });
}

fn ack(pending: &mut Pending, batch: &Arc<Batch>, places: impl IntoIterator<Item = usize>) {
    places.into_iter().for_each(|place| end(pending, batch, place, Outcome::ACK));
}

/// What a call carries: claims and places.
fn next(pending: &mut Pending, beside: bool) -> Vec<(u64, usize)> {
    let taken = pending.next(beside);
    taken.iter().map(|finished| (finished.batch.number, finished.place)).collect()
}

#[test]
fn whole_claims_go_first_and_as_they_were_claimed() {
    let (mut pending, claims) = (Pending::default(), claims(&[3, 3]));
    ack(&mut pending, &claims[1], [0]);
    ack(&mut pending, &claims[0], [2, 0, 1]);
    assert_eq!(next(&mut pending, false), [(1, 0), (1, 1), (1, 2)]);
    ack(&mut pending, &claims[1], [2, 1]);
    assert_eq!(next(&mut pending, false), [(2, 0), (2, 1), (2, 2)]);
    assert_eq!(next(&mut pending, false), []);
}

#[test]
fn a_part_of_a_claim_lets_others_go_before_it_once_only() {
    let (mut pending, claims) = (Pending::default(), claims(&[2, 1, 1]));
    ack(&mut pending, &claims[0], [0]);
    ack(&mut pending, &claims[1], [0]);
    assert_eq!(next(&mut pending, false), [(2, 0)]);
    ack(&mut pending, &claims[2], [0]);
    assert_eq!(next(&mut pending, false), [(1, 0), (3, 0)]);
    ack(&mut pending, &claims[0], [1]);
    assert_eq!(next(&mut pending, false), [(1, 1)]);
}

#[test]
fn parts_alone_go_at_once() {
    let (mut pending, claims) = (Pending::default(), claims(&[2, 2]));
    ack(&mut pending, &claims[0], [1]);
    ack(&mut pending, &claims[1], [0]);
    assert_eq!(next(&mut pending, false), [(1, 1), (2, 0)]);
}

#[test]
fn beside_others_goes_what_is_worth_a_call() {
    let (mut pending, claims) = (Pending::default(), claims(&[OUTCOMES_WORTH_A_CALL, 600]));
    ack(&mut pending, &claims[0], 0..OUTCOMES_WORTH_A_CALL - 1);
    assert_eq!(next(&mut pending, true), []);
    ack(&mut pending, &claims[1], 0..500);
    assert_eq!(next(&mut pending, true), [], "of no claim all is known");
    ack(&mut pending, &claims[0], [OUTCOMES_WORTH_A_CALL - 1]);
    let first = next(&mut pending, true);
    assert_eq!((first.len(), first[0].0), (OUTCOMES_WORTH_A_CALL, 1));
    // Those that were passed over go in any case.
    assert_eq!(next(&mut pending, true).len(), 500);
}

#[test]
fn beside_others_go_plain_acks_only_and_others_keep_their_order() {
    let (mut pending, claims) = (Pending::default(), claims(&[300, 600]));
    ack(&mut pending, &claims[1], 0..299);
    let outcome = Outcome::Release {
        after: std::time::Duration::ZERO,
        reason: tireless_core::ReleaseReason::Unfinished,
        reentry: tireless_core::Reentry::Front,
    };
    end(&mut pending, &claims[1], 299, outcome);
    ack(&mut pending, &claims[0], 0..300);
    assert_eq!(next(&mut pending, true), []);
    let all = next(&mut pending, false);
    assert_eq!((all.len(), all[0], all[299], all[300]), (600, (2, 0), (2, 299), (1, 0)));
}

#[test]
fn failures_of_many_bytes_are_spread_over_calls() {
    let (mut pending, claims) = (Pending::default(), claims(&[1000]));
    for place in 0..1000 {
        let failure = Failure::new("", "x".repeat(tireless_core::limits::LAST_FAILURE_BYTES));
        let reason = tireless_core::BuryReason::Asked;
        end(&mut pending, &claims[0], place, Outcome::Bury { reason, failure });
    }
    let first = next(&mut pending, false).len();
    assert!((1..1000).contains(&first), "{first}");
    assert_eq!(first, FAILURE_BYTES / tireless_core::limits::LAST_FAILURE_BYTES);
}
