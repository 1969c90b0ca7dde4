//! The settler: outcomes of several slots, lost answers, and a claimer that waits for less to be
//! unwritten.

use std::sync::Arc;
use std::time::Duration;

use tireless_core::{Broker, Claim, ClaimFrom, ClaimMode, Inspect, Outcome, TaskId};
use tokio::sync::oneshot;

use super::broker::{Restless, counts};
use super::{a_while, check};
use crate::ledger::Batch;
use crate::settler::Finished;
use crate::shared::Shared;
use crate::sync::spawn;
use crate::testbed::{Bed, SECOND, shared_over};

const TASKS: usize = 4;

/// A pool's shared state, and tasks that it has claimed.
async fn claimed(bed: &Bed, broker: impl Broker) -> (Arc<Shared>, Arc<Batch>, Vec<TaskId>) {
    let clock = Arc::new(bed.clock.clone());
    let shared = Arc::new(shared_over(broker, clock, 1));
    let ids = bed.push(TASKS).await;
    let number = shared.ledger.begin([0]);
    let claim = Claim {
        worker: shared.worker,
        number,
        lease: shared.settings.lease,
        mode: ClaimMode::Shared,
        queues: vec![ClaimFrom { queue: bed.queue.clone(), max: TASKS, inbox: false }],
    };
    let (_, answer) = bed.spy.inner.claim(&claim).await.remove(0);
    let now = answer.expect("the memory broker answers").now;
    let batch = shared.ledger.answered(number, 0, TASKS, now);
    (shared, batch, ids)
}

fn finish(shared: &Shared, batch: &Arc<Batch>, id: TaskId, settled: Option<oneshot::Sender<()>>) {
    let (batch, outcome) = (Arc::clone(batch), Outcome::ACK);
    shared.settlers[0].push(Finished { id, batch, place: 0, outcome, settled });
}

/// Runs the settler, and looks at its end that all outcomes were written once.
async fn write_all(bed: &Bed, shared: Arc<Shared>, slots: Vec<shuttle::future::JoinHandle<()>>) {
    let writes = Arc::clone(&shared);
    let settler = spawn(async move { writes.settlers[0].run(&writes).await });
    for slot in slots {
        slot.await.expect("it is not aborted");
    }
    shared.settlers[0].close();
    settler.await.expect("it is not aborted").expect("a settler has no errors");
    let summary = shared.counters.summary();
    assert_eq!((summary.done, summary.lease_lost, shared.ledger.held()), (TASKS as u64, 0, 0));
    assert!(!shared.settlers[0].is_choked(1), "nothing is unwritten");
    let counts = counts(bed).await;
    assert_eq!((counts.done, counts.running, counts.ready), (TASKS as u64, 0, 0));
}

#[test]
fn outcomes_are_written_once_and_slots_wait_for_the_answer() {
    check(10 * SECOND, |clock| async {
        let bed = Arc::new(Bed::on(clock));
        let (shared, batch, ids) = claimed(&bed, Restless::over(&bed, 2)).await;
        let slot = |ids: Vec<TaskId>| {
            let (bed, shared, batch) = (Arc::clone(&bed), Arc::clone(&shared), Arc::clone(&batch));
            spawn(async move {
                for id in ids {
                    a_while().await;
                    let (settled, seen) = oneshot::channel();
                    finish(&shared, &batch, id, Some(settled));
                    seen.await.expect_err("nobody sends, it is dropped");
                    let held = shared.ledger.held();
                    assert!(held < TASKS, "it is held no more");
                    let left = bed.spy.inner.show(&bed.queue, id).await;
                    assert!(left.expect("the memory broker answers").is_none(), "it was written");
                }
            })
        };
        let slots = ids.chunks(2).map(|ids| slot(ids.to_vec())).collect();
        write_all(&bed, shared, slots).await;
    });
}

// In those that follow no error makes anybody sleep: a ring that is lost is a stand still. Nor do
// calls take long: what may come between is a moment.

#[test]
fn a_choked_claimer_is_rung_when_half_is_written() {
    check(Duration::ZERO, |clock| async {
        let bed = Bed::on(clock);
        let (shared, batch, ids) = claimed(&bed, bed.spy.clone()).await;
        for id in ids {
            finish(&shared, &batch, id, None);
        }
        let claims = Arc::clone(&shared);
        let claimer = spawn(async move {
            for bound in [2, 1] {
                while claims.settlers[0].is_choked(bound) {
                    claims.claimer_wake.notified().await;
                }
            }
        });
        write_all(&bed, shared, vec![claimer]).await;
    });
}

#[test]
fn what_comes_in_before_it_is_closed_is_written() {
    check(Duration::ZERO, |clock| async {
        let bed = Bed::on(clock);
        let (shared, batch, ids) = claimed(&bed, bed.spy.clone()).await;
        let slots = Arc::clone(&shared);
        let slots = spawn(async move {
            ids.into_iter().for_each(|id| finish(&slots, &batch, id, None));
        });
        write_all(&bed, shared, vec![slots]).await;
    });
}

#[test]
fn who_waits_for_nothing_to_be_held_is_rung() {
    check(Duration::ZERO, |clock| async {
        let bed = Bed::on(clock);
        let (shared, batch, ids) = claimed(&bed, bed.spy.clone()).await;
        let (slots, claims) = (Arc::clone(&shared), Arc::clone(&shared));
        let slots = spawn(async move {
            for id in ids {
                a_while().await;
                finish(&slots, &batch, id, None);
            }
        });
        let claimer = spawn(async move {
            while claims.ledger.held() > 0 {
                claims.wake_when_held(0);
                claims.claimer_wake.notified().await;
            }
        });
        write_all(&bed, shared, vec![slots, claimer]).await;
    });
}

#[test]
fn whoever_is_left_at_the_end_is_let_go() {
    check(10 * SECOND, |clock| async {
        let bed = Bed::on(clock);
        let (shared, batch, ids) = claimed(&bed, Restless::over(&bed, 1)).await;
        let slots: Vec<_> = ids
            .into_iter()
            .map(|id| {
                let (shared, batch) = (Arc::clone(&shared), Arc::clone(&batch));
                spawn(async move {
                    a_while().await;
                    let (settled, seen) = oneshot::channel();
                    finish(&shared, &batch, id, Some(settled));
                    seen.await.expect_err("nobody sends, it is dropped");
                })
            })
            .collect();
        let writes = Arc::clone(&shared);
        let settler = spawn(async move { writes.settlers[0].run(&writes).await });
        a_while().await;
        shared.over.cancel();
        for slot in slots {
            slot.await.expect("it is not aborted");
        }
        settler.await.expect("it is not aborted").expect("a settler has no errors");
    });
}
