//! B9: bodies are opaque.

use tireless_core::{
    Outcome, OwnId, Reentry, ReleaseReason, Selection, State, StoreTime, TaskId, limits,
};

use crate::Harness;
use crate::fixtures::{Bench, bury, fail, ids, task, task_of};

fn awkward() -> Vec<Vec<u8>> {
    vec![
        (0..=255).collect(),
        br#"{"id":9007199254740993,"list":[],"f":1.0,"e":1e400}"#.to_vec(),
        b"\0".to_vec(),
        b"\xff\xfe\r\n$-1\r\n".to_vec(),
        b"{ \"spaces\" :  [ ] }".to_vec(),
        "\u{1f600} \u{0}".as_bytes().to_vec(),
        vec![0; 5_000],
    ]
}

/// B9: a task's bytes come out as they went in.
pub async fn bytes_come_out_as_they_went_in(h: &dyn Harness) {
    let b = Bench::new(h);
    let bodies = awkward();
    assert!(b.push_these(bodies.iter().map(task_of).collect()).await.is_ok());
    let listed = b.list(State::Ready).await;
    let taken = b.worker().claim(99).await;
    assert_eq!(taken.len(), bodies.len());
    for ((body, line), task) in bodies.iter().zip(listed).zip(taken) {
        assert_eq!(line.envelope, body, "listed");
        assert_eq!(task.envelope, body, "claimed");
    }
}

/// B9: a task's bytes stay what they are through failing, dying and coming back.
pub async fn bytes_survive_every_move(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    let bodies = awkward();
    assert!(b.push_these(bodies.iter().map(task_of).collect()).await.is_ok());
    ada.finish(&ada.claim(99).await, fail(b.unit())).await;
    b.pass_unit().await;
    b.mortal().claim(99).await;
    b.reap().await;
    ada.finish(&ada.claim(99).await, bury()).await;
    let dead = Selection::Oldest { state: State::Dead, limit: 99 };
    assert!(b.broker.requeue(&b.queue, &dead).await.is_ok());
    let mut taken: Vec<Vec<u8>> =
        ada.claim(99).await.iter().map(|task| task.envelope.to_vec()).collect();
    let mut bodies = bodies;
    taken.sort();
    bodies.sort();
    assert_eq!(taken, bodies);
}

/// B9: ids of removed tasks take nobody's place in a claim, wherever they stand.
pub async fn a_claim_is_filled_up_past_removed_tasks(h: &dyn Harness) {
    let b = Bench::new(h);
    let pushed = b.push(60).await;
    let (removed, left): (Vec<_>, Vec<_>) =
        pushed.iter().enumerate().partition(|(at, _)| *at % 4 == 1 || (20..50).contains(at));
    let ids_of = |these: Vec<(usize, &TaskId)>| these.into_iter().map(|(_, id)| *id).collect();
    let (removed, left): (Vec<_>, Vec<_>) = (ids_of(removed), ids_of(left));
    assert!(b.broker.remove(&b.queue, &removed).await.is_ok());
    let ada = b.worker();
    let first = ada.look(17).await;
    assert_eq!((ids(&first.tasks), first.more), (left[..17].to_vec(), true));
    let rest = ada.look(left.len()).await;
    assert_eq!((ids(&rest.tasks), rest.more), (left[17..].to_vec(), false));
}

/// B7, B9: nor do they make a claim take more bytes.
pub async fn a_claim_past_removed_tasks_is_bounded_in_bytes(h: &dyn Harness) {
    let b = Bench::new(h);
    let mut pushed = Vec::new();
    for _ in 0..7 {
        pushed.push(b.push_one(task_of(vec![7; limits::BYTES_PER_CALL / 4])).await);
    }
    let removed = [pushed.remove(3), pushed.remove(1)];
    assert!(b.broker.remove(&b.queue, &removed).await.is_ok());
    let ada = b.worker();
    assert_eq!(ids(&ada.claim(7).await), pushed[..4]);
    assert_eq!(ids(&ada.claim(7).await), pushed[4..]);
}

/// B9: an own id is any bytes, and comes back as it was given.
pub async fn own_ids_come_back_as_given(h: &dyn Harness) {
    let b = Bench::new(h);
    let own = OwnId::new((0..=255).collect::<Vec<u8>>()).unwrap_or_else(|e| panic!("{e}"));
    let mut named = task();
    named.own_id = Some(own.clone());
    let id = b.push_one(named).await;
    assert_eq!(b.worker().claim_one().await.history.own_id.as_ref(), Some(&own));
    assert_eq!(b.detail(id).await.summary.history.own_id, Some(own));
}

/// B9: handing a task back as unknown is counted, with the time of the first.
pub async fn unknown_types_are_counted(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    let unknown = Outcome::Release {
        after: b.unit(),
        reason: ReleaseReason::Unknown,
        reentry: Reentry::Back,
    };
    let before = b.tick().await.now;
    ada.finish(&[ada.claim_one().await], unknown.clone()).await;
    b.pass_unit().await;
    let once = ada.claim_one().await;
    assert_eq!((once.history.returns, once.history.attempts), (1, 0));
    let since = once.history.returned_since;
    let now = b.tick().await.now;
    assert!(before <= since && since <= now, "{before} {since} {now}");
    ada.finish(&[once], unknown).await;
    b.pass_unit().await;
    let twice = ada.claim_one().await;
    assert_eq!((twice.history.returns, twice.history.returned_since), (2, since));
}

/// B9: handing a task back unfinished is not counted.
pub async fn unfinished_tasks_are_not_counted(h: &dyn Harness) {
    let b = Bench::new(h);
    let ada = b.worker();
    b.push(1).await;
    for _ in 0..3 {
        let held = ada.claim_one().await;
        assert_eq!((held.history.returns, held.history.attempts), (0, 0));
        assert_eq!(held.history.returned_since, StoreTime::default());
        ada.finish(&[held], Outcome::RELEASE).await;
    }
}
