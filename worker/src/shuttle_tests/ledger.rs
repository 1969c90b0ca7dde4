//! The ledger: its count and who waits for it to fall are in one order, and a renewal names
//! whatever may be held.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tireless_core::StoreTime;

use super::{a_while, check, draw};
use crate::shared::Shared;
use crate::sync::spawn;
use crate::testbed::{Bed, shared_over};

fn shared() -> Arc<Shared> {
    let bed = Bed::new();
    Arc::new(shared_over(bed.spy.clone(), Arc::new(bed.clock.clone()), 1))
}

#[test]
fn who_waits_for_less_to_be_held_is_rung() {
    check(Duration::ZERO, |_| async {
        let shared = shared();
        let number = shared.ledger.begin([0]);
        let batch = shared.ledger.answered(number, 0, 3, StoreTime::default());
        for _ in 0..3 {
            let (shared, batch) = (Arc::clone(&shared), Arc::clone(&batch));
            spawn(async move {
                a_while().await;
                shared.ledger.settled(&batch, 1);
                shared.held_fell();
            });
        }
        for few in [2, 0] {
            while shared.ledger.held() > few {
                shared.wake_when_held(few);
                shared.claimer_wake.notified().await;
            }
        }
        assert!(shared.ledger.name(0).claims.is_empty(), "what is settled is named no more");
    });
}

/// The claims that the store believes to be held.
type Store = std::sync::Mutex<BTreeSet<u64>>;

/// Claims, settles what the store gave, and looks that it was not taken away meanwhile.
async fn work(shared: Arc<Shared>, store: Arc<Store>) {
    let held = || store.lock().expect("no test panics under it");
    for _ in 0..2 {
        let number = shared.ledger.begin([0]);
        a_while().await;
        held().insert(number);
        a_while().await;
        let batch = shared.ledger.answered(number, 0, 1, StoreTime::default());
        a_while().await;
        batch.finished();
        assert!(held().remove(&number), "the renewal gave back claim {number}");
        a_while().await;
        shared.ledger.settled(&batch, 1);
    }
}

#[test]
fn a_renewal_gives_back_nothing_that_is_held_and_stops_no_run() {
    check(Duration::ZERO, |_| async {
        let (shared, store) = (shared(), Arc::<Store>::default());
        let workers: Vec<_> =
            (0..2).map(|_| spawn(work(Arc::clone(&shared), Arc::clone(&store)))).collect();
        for _ in 0..3 {
            let named = shared.ledger.name(0);
            a_while().await;
            let lost: Vec<u64> = {
                let mut held = store.lock().expect("no test panics under it");
                held.retain(|number| *number >= named.below || named.claims.contains(number));
                named.claims.iter().copied().filter(|number| !held.contains(number)).collect()
            };
            a_while().await;
            assert_eq!(
                shared.ledger.renewed(0, &named, &lost, StoreTime::default()),
                0,
                "{named:?} {lost:?}"
            );
        }
        for worker in workers {
            worker.await.expect("it is not aborted");
        }
        assert_eq!((shared.ledger.held(), shared.ledger.is_unsure(|_| true)), (0, false));
    });
}

#[test]
fn a_claim_that_is_given_up_is_unsure_until_a_renewal_did_not_name_it() {
    check(Duration::ZERO, |_| async {
        let shared = shared();
        let claims = Arc::clone(&shared);
        let given_up = Arc::new(std::sync::Mutex::new(None));
        let noted = Arc::clone(&given_up);
        let claimer = spawn(async move {
            let number = claims.ledger.begin([0]);
            a_while().await;
            if draw(2) == 0 {
                claims.ledger.abandon(number, 0);
            } else {
                claims.ledger.abandon_all();
            }
            *noted.lock().expect("no test panics under it") = Some(number);
        });
        loop {
            let named = shared.ledger.name(0);
            a_while().await;
            shared.ledger.renewed(0, &named, &[], StoreTime::default());
            let given_up = *given_up.lock().expect("no test panics under it");
            if given_up
                .is_some_and(|number| !named.claims.contains(&number) && number < named.below)
            {
                assert!(!shared.ledger.is_unsure(|_| true), "that renewal gave it back");
                break;
            }
            // A renewal that named it, or knew nothing of it, makes nothing sure.
            assert!(given_up.is_none() || shared.ledger.is_unsure(|_| true));
        }
        claimer.await.expect("it is not aborted");
    });
}
