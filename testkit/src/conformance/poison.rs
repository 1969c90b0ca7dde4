//! B11: what crashes its process must not take others with it.

use tireless_core::limits::TURN;
use tireless_core::{
    Claim, ClaimFrom, ClaimMode, Failure, Outcome, Reclaim, Reentry, Selection, State, TaskDetail,
};

use crate::Harness;
use crate::fixtures::{Bench, LONG, fail, ids, release, release_after, snooze};

/// B11.1: a crash in company is noted, and charges no attempt and no lone crash.
pub async fn a_crash_in_company_is_noted(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push(2).await;
    b.mortal().claim(2).await;
    assert_eq!(b.reap().await.reclaimed, 2);
    let held = b.worker().claim(9).await;
    assert_eq!(held.len(), 2, "it returns as any other");
    for task in held {
        let history = task.history;
        assert_eq!((history.crashes, history.lone_crashes, history.attempts), (1, 0, 0));
    }
}

/// B11.1: from its second crash on a task is a suspect, and still counts as ready.
pub async fn the_second_crash_makes_a_suspect(h: &dyn Harness) {
    let b = Bench::new(h);
    let id = b.push(1).await[0];
    b.make_suspect(id).await;
    b.holds("ready 1").await;
    let counts = b.counts().await;
    assert_eq!((counts.ready, counts.suspects), (1, 1));
    assert_eq!(b.state(id).await, Some(State::Ready));
    assert_eq!(b.listed(State::Ready).await, [id]);
}

/// B11.1: a suspect that is given back waits on the suspects list again.
pub async fn a_suspect_given_back_stays_apart(h: &dyn Harness) {
    let b = Bench::new(h);
    let id = b.push(1).await[0];
    b.make_suspect(id).await;
    let ada = b.worker();
    assert_eq!(ids(&ada.claim_alone().await), [id]);
    ada.renew(&[]).await;
    assert_eq!(b.counts().await.suspects, 1);
    assert_eq!(b.worker().claim(9).await, []);
}

/// B11.2: a shared claim never takes a suspect, and tells how many wait.
pub async fn a_shared_claim_takes_no_suspect(h: &dyn Harness) {
    let b = Bench::new(h);
    let id = b.push(1).await[0];
    b.make_suspect(id).await;
    let innocent = b.push(1).await[0];
    let answer = b.worker().look(9).await;
    assert_eq!(ids(&answer.tasks), [innocent]);
    assert_eq!(answer.suspects, 1);
    assert_eq!(b.worker().claim(9).await, []);
    assert_eq!(b.counts().await.suspects, 1);
}

/// B11.2: one worker at a time has the turn, until it leaves.
pub async fn the_turn_passes_on_when_its_worker_leaves(h: &dyn Harness) {
    let b = Bench::new(h);
    let id = b.push(1).await[0];
    b.make_suspect(id).await;
    let (ada, bob) = (b.worker(), b.worker());
    assert!(ada.look(0).await.your_turn);
    assert!(!bob.look(0).await.your_turn, "at most one has it");
    assert!(ada.look(0).await.your_turn, "it stays");
    ada.leave().await;
    assert!(bob.look(0).await.your_turn);
}

/// B11.2: the turn passes on when its worker's lease ends.
pub async fn the_turn_passes_on_when_its_worker_dies(h: &dyn Harness) {
    let b = Bench::new(h);
    let id = b.push(1).await[0];
    b.make_suspect(id).await;
    let (ada, bob) = (b.mortal(), b.worker());
    assert!(ada.look(0).await.your_turn);
    b.pass_unit().await;
    assert!(bob.look(0).await.your_turn);
}

/// B11.2: a turn lasts ten seconds, for its worker may run something for hours. Ten seconds later another
/// has it, or the same one after ten more.
pub async fn the_turn_passes_on_after_a_while(h: &dyn Harness) {
    let (shared, lonely) = (Bench::new(h), Bench::new(h));
    for b in [&shared, &lonely] {
        let id = b.push(1).await[0];
        b.make_suspect(id).await;
    }
    let (ada, bob, eve) = (shared.worker(), shared.worker(), lonely.worker());
    assert!(ada.look(0).await.your_turn && eve.look(0).await.your_turn);
    h.advance(TURN / 2).await;
    assert!(!bob.look(0).await.your_turn, "it is another's");
    h.advance(TURN / 2 + shared.unit()).await;
    assert!(!ada.look(0).await.your_turn && !eve.look(0).await.your_turn, "they have had it");
    assert!(!bob.look(0).await.your_turn, "now it is nobody's");
    h.advance(TURN).await;
    assert!(!ada.look(0).await.your_turn && !eve.look(0).await.your_turn, "others go before");
    assert!(bob.look(0).await.your_turn);
    h.advance(TURN).await;
    assert!(eve.look(0).await.your_turn, "where there is nobody else");
}

/// B11.2: the turn passes on when its worker takes a suspect.
pub async fn the_turn_passes_on_when_it_is_used(h: &dyn Harness) {
    let b = Bench::new(h);
    let pushed = b.push(2).await;
    for _ in 0..2 {
        assert_eq!(b.mortal().claim(2).await.len(), 2);
        b.reap().await;
    }
    let (ada, bob) = (b.worker(), b.worker());
    assert!(ada.look(0).await.your_turn);
    assert_eq!(ids(&ada.claim_alone().await), [pushed[0]]);
    let answer = bob.look(0).await;
    assert_eq!((answer.your_turn, answer.suspects), (true, 1));
}

/// B11.2: the turn ends when its worker's claim finds no suspect: the next one is anybody's.
pub async fn the_turn_ends_when_its_worker_finds_no_suspect(h: &dyn Harness) {
    let b = Bench::new(h);
    let id = b.push(1).await[0];
    b.make_suspect(id).await;
    let (ada, bob) = (b.worker(), b.worker());
    assert!(ada.look(0).await.your_turn);
    let held = bob.claim_alone().await;
    assert_eq!(ids(&held), [id]);
    let answer = ada.look(0).await;
    assert_eq!((answer.your_turn, answer.suspects), (false, 0));
    bob.finish(&held, Outcome::RELEASE).await;
    assert_eq!(b.counts().await.suspects, 1);
    assert!(bob.look(0).await.your_turn);
    assert!(!ada.look(0).await.your_turn);
}

/// B11.2: a turn that its worker has not seen end stays, though another took the suspect.
pub async fn the_turn_outlives_a_suspect_that_another_took(h: &dyn Harness) {
    let b = Bench::new(h);
    let id = b.push(1).await[0];
    b.make_suspect(id).await;
    let (ada, bob) = (b.worker(), b.worker());
    assert!(ada.look(0).await.your_turn);
    let held = bob.claim_alone().await;
    bob.finish(&held, Outcome::RELEASE).await;
    assert!(!bob.look(0).await.your_turn);
    assert!(ada.look(0).await.your_turn);
}

/// B11.3: a lone claim is told of no turn, and ends none of which it made no use.
pub async fn a_lone_claim_is_told_of_no_turn(h: &dyn Harness) {
    let b = Bench::new(h);
    let id = b.push(1).await[0];
    b.make_suspect(id).await;
    let ada = b.worker();
    assert!(ada.look(0).await.your_turn);
    let answer = ada.send(&ada.claim_call(0, ClaimMode::Alone)).await;
    assert_eq!((answer.your_turn, answer.suspects), (false, 1));
    assert!(ada.look(0).await.your_turn, "it stays");
}

/// B11.2: without suspects nobody has the turn.
pub async fn without_suspects_it_is_nobodys_turn(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push(1).await;
    let answer = b.worker().look(1).await;
    assert_eq!((answer.your_turn, answer.suspects), (false, 0));
}

/// B11.3: a lone claim takes one suspect at most, whoever has the turn.
pub async fn a_lone_claim_waits_for_nobody(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push(2).await;
    for _ in 0..2 {
        b.mortal().claim(2).await;
        b.reap().await;
    }
    let (ada, bob) = (b.worker(), b.worker());
    assert!(ada.look(0).await.your_turn);
    assert_eq!(bob.claim_alone().await.len(), 1);
    assert_eq!(b.counts().await.suspects, 1);
}

/// B11.3: a lone claim takes nothing that is not a suspect.
pub async fn a_lone_claim_takes_suspects_only(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push(1).await;
    assert_eq!(b.worker().claim_alone().await, []);
    b.holds("ready 1").await;
}

/// B11.3: a lone claim over several queues takes one suspect, of the first that has one.
pub async fn a_lone_claim_takes_one_over_all_queues(h: &dyn Harness) {
    let (none, first, second) = (Bench::new(h), Bench::new(h), Bench::new(h));
    none.push(1).await;
    for b in [&first, &second] {
        let id = b.push(1).await[0];
        b.make_suspect(id).await;
    }
    let from = |b: &Bench<'_>| ClaimFrom { queue: b.queue.clone(), max: 5, inbox: false };
    let claim = Claim {
        worker: none.worker().id,
        number: 1,
        lease: LONG,
        mode: ClaimMode::Alone,
        queues: vec![from(&none), from(&first), from(&second)],
    };
    for _ in 0..2 {
        let answers = h.broker().claim(&claim).await;
        let taken: Vec<usize> = answers
            .into_iter()
            .map(|(_, answer)| answer.unwrap_or_else(|e| panic!("{e}")).tasks.len())
            .collect();
        assert_eq!(taken, [0, 1, 0], "once, and again when sent again");
    }
    first.holds("running 1").await;
    second.holds("ready 1").await;
}

/// B11.4: a lone crash counts; at the limit of the permission the task is buried as poison.
pub async fn lone_crashes_bury_at_the_limit(h: &dyn Harness) {
    let b = Bench::new(h);
    let id = b.push(1).await[0];
    b.make_suspect(id).await;
    for lone in 1..=3 {
        let held = b.mortal().claim_alone().await;
        assert_eq!(held[0].history.lone_crashes, lone - 1);
        assert_eq!(held[0].history.crashes, lone + 1);
        let answer = b.reap().await;
        assert_eq!((answer.reclaimed, answer.poisoned), (1, u64::from(lone == 3)));
    }
    b.holds("dead 1").await;
    let detail = b.detail(id).await;
    assert_eq!(detail.summary.history.lone_crashes, 3);
    is_told_of(&detail, 3);
}

/// Its failure says why it is dead, and how often it crashed.
fn is_told_of(task: &TaskDetail, lone_crashes: u32) {
    let failure = &task.failures.0[0].failure;
    let text = format!("{}{lone_crashes}", Failure::OF_LONE_CRASHES);
    assert_eq!((failure.kind(), failure.text()), ("poison", &text[..]));
}

/// B11.4: the limit is the permission's, also where a task has crashed more often by then.
pub async fn the_permission_sets_the_limit(h: &dyn Harness) {
    let b = Bench::new(h);
    let id = b.push(1).await[0];
    b.make_suspect(id).await;
    assert_eq!(b.mortal().claim_alone().await.len(), 1);
    assert_eq!(b.reap().await.poisoned, 0);
    assert_eq!(b.mortal().claim_alone().await.len(), 1);
    b.pass_unit().await;
    let permission = Reclaim { bury_after_crashes: 1, ..b.permission().await };
    let answer = b.tick_with(Some(permission)).await;
    assert_eq!((answer.reclaimed, answer.poisoned), (1, 1));
    b.holds("dead 1").await;
    is_told_of(&b.detail(id).await, 2);
}

/// B11.4: crashes in company bury nobody, however many.
pub async fn crashes_in_company_bury_nobody(h: &dyn Harness) {
    let b = Bench::new(h);
    b.push(3).await;
    for _ in 0..2 {
        b.mortal().claim(3).await;
        b.reap().await;
    }
    let permission = Reclaim { bury_after_crashes: 1, ..b.permission().await };
    b.tick_with(Some(permission)).await;
    assert_eq!(b.counts().await.suspects, 3);
    b.holds("ready 3").await;
}

/// B11.5: a task requeued by hand forgets its crashes.
pub async fn requeued_by_hand_forgets_crashes(h: &dyn Harness) {
    let b = Bench::new(h);
    let id = b.push(1).await[0];
    b.make_suspect(id).await;
    let ada = b.worker();
    ada.finish(&ada.claim_alone().await, crate::fixtures::bury()).await;
    let one = Selection::Ids(vec![id]);
    assert!(b.broker.requeue(&b.queue, &one).await.is_ok());
    let held = ada.claim_one().await;
    assert_eq!((held.history.crashes, held.history.lone_crashes), (0, 0));
}

/// B11.5: a done task forgets its crashes, also while it is kept.
pub async fn done_forgets_crashes(h: &dyn Harness) {
    let b = Bench::new(h);
    let id = b.push(1).await[0];
    b.make_suspect(id).await;
    let ada = b.worker();
    ada.finish(&ada.claim_alone().await, crate::fixtures::keep(LONG)).await;
    assert_eq!(b.detail(id).await.summary.history.crashes, 0);
    b.holds("kept 1").await;
}

/// B11.5: a suspect that fails, is released or snoozes stays a suspect.
pub async fn a_suspect_stays_a_suspect(h: &dyn Harness) {
    let b = Bench::new(h);
    let id = b.push(1).await[0];
    b.make_suspect(id).await;
    let (ada, unit) = (b.worker(), b.unit());
    let outcomes =
        [fail(unit), Outcome::RELEASE, release(Reentry::Back), release_after(unit), snooze(unit)];
    for outcome in outcomes {
        let held = ada.claim_alone().await;
        assert_eq!(ids(&held), [id]);
        ada.finish(&held, outcome.clone()).await;
        b.pass_unit().await;
        b.tick().await;
        assert_eq!(b.counts().await.suspects, 1, "after {outcome:?}");
        assert_eq!(ada.claim(9).await, [], "after {outcome:?}");
    }
}
