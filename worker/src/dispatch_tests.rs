use tireless_core::{History, StoreTime, TaskId};

use super::*;
use crate::ledger::Ledger;

fn tasks(count: usize) -> Vec<Taken> {
    let batch = Ledger::new(1).answered(1, 0, count, StoreTime::default());
    let taken = |_| Taken {
        task: ClaimedTask {
            id: TaskId::new(),
            claim: 1,
            envelope: bytes::Bytes::new(),
            history: History::default(),
        },
        batch: Arc::clone(&batch),
        place: 0,
    };
    (0..count).map(taken).collect()
}

fn dispatch(concurrency: usize) -> (Dispatch, Arc<Notify>) {
    let wake = Arc::new(Notify::new());
    (Dispatch::new(concurrency, Arc::clone(&wake)), wake)
}

async fn rang(wake: &Notify) -> bool {
    tokio::time::timeout(Duration::from_millis(1), wake.notified()).await.is_ok()
}

#[test]
fn no_more_slots_are_opened_than_there_are_or_are_needed() {
    let (dispatch, _) = dispatch(3);
    assert_eq!(dispatch.offer(tasks(2)).unwrap(), 2);
    assert_eq!(dispatch.offer(tasks(5)).unwrap(), 1);
    assert_eq!(dispatch.offer(tasks(5)).unwrap(), 0);
    let load = dispatch.load();
    assert_eq!((load.running, load.waiting, load.mean), (0, 12, None));
}

#[test]
fn a_slot_that_finds_nothing_is_closed_and_can_be_opened_again() {
    let (dispatch, _) = dispatch(1);
    assert_eq!(dispatch.offer(tasks(1)).unwrap(), 1);
    assert!(dispatch.next(None, Duration::ZERO).is_some());
    assert_eq!(dispatch.load().running, 1);
    assert!(dispatch.next(Some(Duration::from_secs(1)), Duration::ZERO).is_none());
    assert_eq!(dispatch.load().total(), 0);
    assert_eq!(dispatch.offer(tasks(1)).unwrap(), 1);
}

#[tokio::test]
async fn it_rings_once_when_there_is_as_much_room_as_was_asked_for() {
    let (dispatch, wake) = dispatch(1);
    dispatch.offer(tasks(4)).unwrap();
    dispatch.next(None, Duration::ZERO).unwrap();
    dispatch.wake_at(2);
    dispatch.next(Some(Duration::ZERO), Duration::ZERO).unwrap();
    assert!(!rang(&wake).await, "three are left");
    dispatch.next(Some(Duration::ZERO), Duration::ZERO).unwrap();
    assert!(rang(&wake).await);
    dispatch.next(Some(Duration::ZERO), Duration::ZERO).unwrap();
    assert!(!rang(&wake).await, "it was asked for once");
    dispatch.wake_at(2);
    assert!(rang(&wake).await, "there is room already");
}

#[test]
fn closed_it_gives_back_what_waits_and_what_comes() {
    let (dispatch, _) = dispatch(1);
    dispatch.offer(tasks(3)).unwrap();
    dispatch.next(None, Duration::ZERO).unwrap();
    assert_eq!(dispatch.close().len(), 2);
    assert_eq!(dispatch.offer(tasks(4)).unwrap_err().len(), 4);
    assert!(dispatch.next(Some(Duration::ZERO), Duration::ZERO).is_none());
}

#[test]
fn the_mean_follows_what_runs_take() {
    let (dispatch, _) = dispatch(1);
    dispatch.offer(tasks(200)).unwrap();
    dispatch.next(None, Duration::ZERO).unwrap();
    dispatch.next(Some(Duration::from_millis(8)), Duration::ZERO);
    assert_eq!(dispatch.load().mean, Some(Duration::from_millis(8)));
    for _ in 0..100 {
        dispatch.next(Some(Duration::from_secs(1)), Duration::ZERO);
    }
    assert!(dispatch.load().mean.unwrap() > Duration::from_millis(900));
}
