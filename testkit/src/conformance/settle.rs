//! B5: every outcome names its run, and is refused once the run was taken over.

use tireless_core::{
    Call, ClaimedTask, Effect, ErrorKind, Outcome, Push, Pushed, Reentry, Settle, Settled, TaskId,
};

use crate::Harness;
use crate::fixtures::{
    Bench, LONG, bury, every_outcome, fail, ids, keep, refusal, release, snooze, tasks,
};

/// B5.1: each outcome under a wrong claim number is refused and changes nothing.
pub async fn a_wrong_claim_number_is_refused(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(2).await;
    let (first, second) = (ada.claim_one().await, ada.claim_one().await);
    for outcome in every_outcome() {
        let crossed = ClaimedTask { claim: second.claim, ..first.clone() };
        let unknown = ClaimedTask { claim: 4_711, ..first.clone() };
        assert_eq!(ada.say(&crossed, outcome.clone()).await, Settled::LeaseLost, "{outcome:?}");
        assert_eq!(ada.say(&unknown, outcome).await, Settled::LeaseLost);
    }
    b.holds("running 2").await;
    ada.ack(&[first, second]).await;
}

/// B5.1: each outcome from a worker that does not hold the task is refused.
pub async fn a_stranger_is_refused(h: &dyn Harness) {
    let b = Bench::new(h);
    let (ada, bob) = (b.worker(), b.worker());
    b.push(2).await;
    let held = ada.claim_one().await;
    bob.claim_one().await;
    for outcome in every_outcome() {
        assert_eq!(bob.say(&held, outcome.clone()).await, Settled::LeaseLost, "{outcome:?}");
    }
    b.holds("running 2").await;
    ada.ack(&[held]).await;
}

/// B5.1: after a take-over the old holder's outcomes are refused and the new one's accepted.
pub async fn a_stale_holder_is_refused(h: &dyn Harness) {
    let b = Bench::new(h);
    let (ada, bob) = (b.mortal(), b.worker());
    b.push(1).await;
    let stale = ada.claim_one().await;
    b.reap().await;
    let fresh = bob.claim_one().await;
    assert_eq!(stale.id, fresh.id);
    for outcome in every_outcome() {
        assert_eq!(ada.say(&stale, outcome.clone()).await, Settled::LeaseLost, "{outcome:?}");
        b.holds("running 1").await;
    }
    bob.ack(&[fresh]).await;
    b.holds("nothing").await;
}

/// B5.1: a stale run of the same worker is refused too.
pub async fn an_earlier_run_of_the_same_worker_is_refused(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    let first = ada.claim_one().await;
    ada.finish(std::slice::from_ref(&first), Outcome::RELEASE).await;
    let second = ada.claim_one().await;
    assert_eq!(ada.say(&first, Outcome::ACK).await, Settled::LeaseLost);
    b.holds("running 1").await;
    ada.ack(&[second]).await;
}

/// B5.1: what is refused does not stop the rest of the batch.
pub async fn the_rest_of_the_batch_is_applied(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(4).await;
    let held = ada.claim(4).await;
    let claim = held[0].claim;
    let answers = ada
        .settle(vec![
            (claim, held[0].id, Outcome::ACK),
            (claim, TaskId::new(), Outcome::ACK),
            (claim + 1, held[1].id, bury()),
            (claim, held[1].id, fail(LONG)),
            (claim, held[2].id, snooze(LONG)),
        ])
        .await;
    use Settled::{Applied, LeaseLost};
    assert_eq!(answers, [Applied, LeaseLost, LeaseLost, Applied, Applied]);
    b.holds("running 1, scheduled 1, failed 1").await;
}

/// B5.2: each outcome takes its id out of the claim: a second one is refused.
pub async fn an_outcome_takes_its_id_out_of_the_claim(h: &dyn Harness) {
    for outcome in every_outcome() {
        let b = Bench::new(h);
        let ada = b.worker();
        b.push(2).await;
        let held = ada.claim(2).await;
        ada.finish(&held[..1], outcome.clone()).await;
        let before = b.counts().await;
        for second in every_outcome() {
            let answer = ada.say(&held[0], second.clone()).await;
            assert_eq!(answer, Settled::LeaseLost, "{outcome:?}, then {second:?}");
        }
        let after = b.counts().await;
        assert_eq!((after.running, after.done), (1, before.done), "{outcome:?}");
    }
}

/// B5.2: what was settled is not given back when its worker dies, only the rest.
pub async fn settled_tasks_do_not_come_back(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.mortal();
    b.push(5).await;
    let held = ada.claim(5).await;
    ada.ack(&held[..1]).await;
    ada.finish(&held[1..2], bury()).await;
    ada.finish(&held[2..3], fail(LONG)).await;
    assert_eq!(b.reap().await.reclaimed, 2);
    b.holds("ready 2, failed 1, dead 1").await;
    assert_eq!(ids(&b.worker().claim(9).await), ids(&held[3..]));
}

/// B5.2: of two outcomes for one id in one batch the second is refused.
pub async fn the_second_outcome_in_a_batch_is_refused(h: &dyn Harness) {
    for (first, second) in [(Outcome::ACK, fail(LONG)), (fail(LONG), Outcome::ACK)] {
        let b = Bench::new(h);
        let ada = b.worker();
        b.push(1).await;
        let task = ada.claim_one().await;
        let place = if first == Outcome::ACK { "nothing" } else { "failed 1" };
        let batch = vec![(task.claim, task.id, first), (task.claim, task.id, second)];
        assert_eq!(ada.settle(batch).await, [Settled::Applied, Settled::LeaseLost]);
        b.holds(place).await;
    }
}

/// B5.2: a failed task keeps its body when its ack comes too late.
pub async fn an_ack_after_a_fail_deletes_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    let held = ada.claim_one().await;
    ada.finish(std::slice::from_ref(&held), fail(b.unit())).await;
    assert_eq!(ada.say(&held, Outcome::ACK).await, Settled::LeaseLost);
    b.pass_unit().await;
    b.tick().await;
    assert_eq!(ada.claim_one().await.envelope, held.envelope);
}

/// B5.2: an emptied claim is gone: a renewal does not know it.
pub async fn an_emptied_claim_is_gone(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(2).await;
    let held = ada.claim(2).await;
    ada.ack(&held[..1]).await;
    assert_eq!(ada.renew(&[held[0].claim]).await.lost, [0; 0]);
    ada.ack(&held[1..]).await;
    assert_eq!(ada.renew(&[held[0].claim]).await.lost, [held[0].claim]);
}

/// B5.3: the same settle sent again gets the first answer.
pub async fn a_settle_sent_again_gets_the_first_answer(h: &dyn Harness) {
    for outcome in every_outcome() {
        let b = Bench::new(h);
        let ada = b.worker();
        b.push(1).await;
        let task = ada.claim_one().await;
        let batch =
            vec![(task.claim, task.id, outcome.clone()), (task.claim, TaskId::new(), Outcome::ACK)];
        let settle = ada.settle_call(batch);
        let first = ada.send_settle(&settle).await;
        assert_eq!(first.settled, [Settled::Applied, Settled::LeaseLost]);
        let (before, shown) = (b.counts().await, b.show(task.id).await);
        assert_eq!(ada.send_settle(&settle).await, first, "{outcome:?}");
        let other = h.another().await.settle(&settle).await;
        assert_eq!(other.ok(), Some(first), "{outcome:?} over another connection");
        assert_eq!(b.show(task.id).await, shown, "{outcome:?} was applied twice");
        let after = b.counts().await;
        assert_eq!((after.ready, after.done), (before.ready, before.done), "{outcome:?}");
    }
}

/// B5.3: a repeated release does not take the task from who holds it now.
pub async fn a_settle_sent_again_later_touches_no_new_run(h: &dyn Harness) {
    let b = Bench::new(h);
    let (ada, bob) = (b.worker(), b.worker());
    b.push(1).await;
    let task = ada.claim_one().await;
    let settle = ada.settle_call(vec![(task.claim, task.id, release(Reentry::Back))]);
    let first = ada.send_settle(&settle).await;
    let fresh = bob.claim_one().await;
    assert_eq!(ada.send_settle(&settle).await, first);
    b.holds("running 1").await;
    bob.ack(&[fresh]).await;
}

/// B5.3: a settle's answer outlives a lease.
pub async fn a_settle_sent_again_after_a_lease_gets_the_first_answer(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.mortal();
    b.push(1).await;
    let task = ada.claim_one().await;
    let settle = ada.settle_call(vec![(task.claim, task.id, Outcome::ACK)]);
    let first = ada.send_settle(&settle).await;
    b.pass_unit().await;
    assert_eq!(ada.send_settle(&settle).await, first);
}

/// B5.3: a settle's answer outlives its queue, which was discarded.
pub async fn a_settle_sent_again_after_a_discard_gets_the_first_answer(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    let task = ada.claim_one().await;
    let settle = ada.settle_call(vec![(task.claim, task.id, Outcome::ACK)]);
    let first = ada.send_settle(&settle).await;
    ada.leave().await;
    b.discard().await;
    assert_eq!(ada.send_settle(&settle).await, first);
    assert_eq!(b.counts().await.done, 0, "it is not counted again");
}

/// B5.3: a settle that was given up, by its number or by the mark, is stale and changes nothing.
pub async fn a_settle_that_was_given_up_is_stale(h: &dyn Harness) {
    // Acks may have a way of their own, so both kinds of batch are tried.
    for outcome in [Outcome::ACK, bury()] {
        let b = Bench::new(h);
        let ada = b.worker();
        b.push(3).await;
        let held = ada.claim(3).await;
        let settle = |task: &ClaimedTask, number, answered| Settle {
            call: Call { number, answered },
            ..ada.settle_call(vec![(task.claim, task.id, outcome.clone())])
        };
        ada.send_settle(&settle(&held[0], 7, 5)).await;
        for number in [3, 5] {
            let late = b.broker.settle(&settle(&held[1], number, number - 1)).await;
            let error = refusal(late);
            assert_eq!((error.kind(), error.effect()), (ErrorKind::Stale, Effect::None));
            assert_eq!(b.counts().await.running, 2, "call {number}");
        }
        let open = ada.send_settle(&settle(&held[1], 6, 5)).await;
        assert_eq!(open.settled, [Settled::Applied], "above the mark, though below the last");
        let last = ada.send_settle(&settle(&held[2], 9, 8)).await;
        assert_eq!(last.settled, [Settled::Applied]);
        let late = refusal(b.broker.settle(&settle(&held[0], 7, 5)).await);
        assert_eq!(late.kind(), ErrorKind::Stale, "its answer was given up");
        assert_eq!(b.counts().await.running, 0);
    }
}

/// B5.3: pushes and settles of one caller are numbered apart: neither answers for the other, nor
/// makes it stale.
pub async fn pushes_and_settles_are_numbered_apart(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(2).await;
    let held = ada.claim(2).await;
    let settle_of = |task: &ClaimedTask, call| Settle {
        call,
        ..ada.settle_call(vec![(task.claim, task.id, Outcome::ACK)])
    };
    let push_of = |call| Push { caller: ada.id, call, ..b.push_call(tasks(1)) };
    let same = Call { number: 3, answered: 2 };
    let (push, settle) = (push_of(same), settle_of(&held[0], same));
    let accepted = Some(vec![Pushed::Accepted]);
    for _ in 0..2 {
        assert_eq!(b.broker.push(&push).await.ok(), accepted);
        assert_eq!(ada.send_settle(&settle).await.settled, [Settled::Applied]);
    }
    b.holds("ready 1, running 1").await;
    // Far ahead with the one, the mark of the other stays behind; and the other way round.
    let push = push_of(Call { number: 20, answered: 19 });
    assert_eq!(b.broker.push(&push).await.ok(), accepted);
    let settle = settle_of(&held[1], Call { number: 4, answered: 3 });
    assert_eq!(ada.send_settle(&settle).await.settled, [Settled::Applied]);
    ada.send_settle(&Settle { call: Call { number: 40, answered: 39 }, ..settle }).await;
    let push = push_of(Call { number: 21, answered: 20 });
    assert_eq!(b.broker.push(&push).await.ok(), accepted);
    b.holds("ready 3").await;
}

/// B5.1: an empty settle is answered with nothing.
pub async fn an_empty_settle_does_nothing(h: &dyn Harness) {
    let b = Bench::new(h);
    assert_eq!(b.worker().settle(Vec::new()).await, []);
}

/// B5.1: a worker may settle after its lease ended, as long as nobody took its tasks.
pub async fn a_late_outcome_counts_until_the_take_over(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.mortal();
    b.push(2).await;
    let held = ada.claim(2).await;
    b.pass_unit().await;
    b.tick().await;
    ada.ack(&held[..1]).await;
    ada.finish(&held[1..], keep(LONG)).await;
    b.holds("kept 1").await;
}

/// B5.3: a settle that says that its own call, or a later one, is answered is refused.
pub async fn a_settle_that_says_it_was_answered_is_refused(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    let held = ada.claim_one().await;
    for (number, answered) in [(1, 1), (3, 7)] {
        let settle = Settle {
            call: Call { number, answered },
            ..ada.settle_call(vec![(held.claim, held.id, Outcome::ACK)])
        };
        let error = refusal(b.broker.settle(&settle).await);
        assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidInput, Effect::None));
    }
    b.holds("running 1").await;
    ada.ack(&[held]).await;
}
