//! Repeats, sizes, suspects and turns.

use bytes::Bytes;
use tireless_core::limits::BYTES_PER_CALL;
use tireless_core::{ClaimMode, Envelope, NewTask, Outcome, State, WorkerId};

use crate::fixture::{Bench, LATER, LEASE, ids};

#[test]
fn a_repeat_gives_the_same_less_what_is_settled_and_takes_no_more() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let pushed = b.push(5);
    assert_eq!(b.claim(ada, 7, 3), pushed[..3]);
    assert_eq!(b.claim(ada, 7, 5), pushed[..3]);
    b.settle(ada, 7, vec![(pushed[1], Outcome::ACK)]);
    assert_eq!(b.claim(ada, 7, 5), [pushed[0], pushed[2]]);
    assert_eq!(b.claim(ada, 6, 5), [], "a number below takes nothing");
    assert_eq!(b.claim(ada, 8, 5), pushed[3..]);
}

#[test]
fn the_last_number_is_remembered_ten_minutes_after_the_worker_left() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    b.push(2);
    b.claim(ada, 1, 1);
    for _ in 0..50 {
        // A live worker that takes nothing for long is not forgotten.
        b.pass(LATER);
        b.renew(ada, LEASE, &[1], 2);
        b.tick(9);
        b.claim(WorkerId::new(), 1, 0);
    }
    b.renew(ada, std::time::Duration::ZERO, &[], 2);
    b.pass(LATER * 10);
    b.claim(WorkerId::new(), 1, 0);
    assert_eq!(b.claim(ada, 1, 1), []);
    assert_eq!(b.counts().workers, 1, "a late copy registers nobody; the other one lives");
    b.pass(LATER * 11);
    b.tick(99);
    assert_eq!(b.claim(ada, 1, 1).len(), 1, "long forgotten");
}

#[test]
fn a_claim_takes_fewer_rather_than_more_bytes_but_always_one() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let body = Bytes::from(vec![0; BYTES_PER_CALL / 2]);
    for _ in 0..3 {
        let push = b.push_call(vec![NewTask::new(body.clone())]);
        b.send_push(&push).unwrap();
    }
    assert_eq!(b.claim(ada, 1, 9).len(), 2);
    assert_eq!(b.claim(ada, 2, 9).len(), 1);
    let queue = b.queue.clone();
    b.store.push_plain(&queue, vec![7; BYTES_PER_CALL + 1].into());
    b.store.push_plain(&queue, "small".into());
    let mut claim = b.claim_call(ada, 3, 9);
    claim.queues[0].inbox = true;
    let claimed = b.send_claim(&claim);
    assert_eq!((claimed.tasks.len(), claimed.more), (1, true));
}

#[test]
fn the_inbox_comes_after_the_ready_list_and_becomes_tasks() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let queue = b.queue.clone();
    b.store.push_plain(&queue, "raw".into());
    let pushed = b.push(1);
    assert_eq!(b.claim(WorkerId::new(), 1, 0), []);
    let mut claim = b.claim_call(ada, 1, 9);
    claim.queues[0].inbox = true;
    let first = b.send_claim(&claim);
    assert_eq!((first.tasks.len(), first.tasks[0].id), (2, pushed[0]));
    let raw = Envelope::decode(&first.tasks[1].envelope).unwrap();
    assert_eq!(raw, Envelope::raw("raw"));
    assert_eq!(b.send_claim(&claim).tasks, first.tasks, "its id is made once");
    assert_eq!((b.counts().inbox, b.counts().running), (0, 2));
}

#[test]
fn a_suspect_is_left_to_one_worker_that_takes_it_alone() {
    let mut b = Bench::new();
    let (ada, bob) = (WorkerId::new(), WorkerId::new());
    let suspect = b.suspect();
    let others = b.push(2);
    let call = b.claim_call(ada, 1, 9);
    let hers = b.send_claim(&call);
    assert_eq!((ids(&hers), hers.suspects, hers.your_turn), (others, 1, true));
    let call = b.claim_call(bob, 1, 9);
    let his = b.send_claim(&call);
    assert_eq!((his.tasks.len(), his.suspects, his.your_turn), (0, 1, false));
    assert_eq!(b.claim_alone(bob, 2), [suspect], "who holds nothing waits for nobody");
    assert_eq!(b.claim_alone(bob, 2), [suspect], "a repeat");
    assert_eq!((b.counts().suspects, b.counts().running), (0, 3));
}

#[test]
fn a_turn_ends_when_taken_left_or_run_out() {
    let (mut b, ada, bob) = (Bench::new(), WorkerId::new(), WorkerId::new());
    b.suspect();
    b.suspect();
    b.suspect();
    let mut number = 0;
    let mut turn = |b: &mut Bench, worker| {
        number += 1;
        let claim = b.claim_call(worker, number, 0);
        b.send_claim(&claim).your_turn
    };
    assert!(turn(&mut b, ada) && !turn(&mut b, bob));
    assert_eq!(b.claim_alone(ada, 100).len(), 1);
    assert!(turn(&mut b, bob) && !turn(&mut b, ada), "taken");
    b.renew(bob, std::time::Duration::ZERO, &[], 0);
    assert!(turn(&mut b, ada), "left");
    b.pass(LEASE);
    assert!(turn(&mut b, bob), "run out");
}

#[test]
fn a_turn_lasts_for_ten_seconds_and_comes_back_after_twenty_more() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    b.suspect();
    let turns: Vec<bool> = (1..=35)
        .map(|second| {
            let claim = b.claim_call(ada, second, 0);
            let turn = b.send_claim(&claim).your_turn;
            b.pass(std::time::Duration::from_secs(1));
            turn
        })
        .collect();
    let expected = [true, false, true].into_iter().zip([10, 20, 5]);
    assert_eq!(turns, expected.flat_map(|(turn, times)| vec![turn; times]).collect::<Vec<_>>());
}

#[test]
fn a_lone_claim_over_two_queues_takes_one_suspect() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let first = b.queue.clone();
    let in_first = b.suspect();
    b.queue = tireless_core::QueueName::new("other").unwrap();
    b.suspect();
    let mut claim = b.claim_call(ada, 1, 5);
    claim.mode = ClaimMode::Alone;
    claim.queues.push(tireless_core::ClaimFrom { queue: first, max: 5, inbox: true });
    claim.queues.reverse();
    for _ in 0..2 {
        let answers = b.store.claim(&claim, b.now);
        let taken: Vec<_> = answers.into_iter().map(|(_, answer)| ids(&answer.unwrap())).collect();
        assert_eq!(taken, [vec![in_first], vec![]]);
    }
}

#[test]
fn a_claim_promotes_first_and_rings_only_if_it_leaves_more() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let (late, soon) = (b.push_after(LATER * 2), b.push_after(LATER));
    assert!(b.rang() && !b.rang());
    b.pass(LATER * 2);
    assert_eq!(b.claim(ada, 1, 1), [soon]);
    assert!(b.rang(), "one is left");
    assert_eq!(b.claim(ada, 2, 1), [late]);
    assert_eq!(b.claim(ada, 3, 1), []);
    assert!(!b.rang());
    b.push_after(LATER);
    assert!(b.rang());
    b.pass(LATER);
    assert_eq!(b.claim(ada, 4, 0), []);
    assert!(b.rang(), "promoted and not taken");
}

#[test]
fn a_paused_queue_gives_nothing_new() {
    let (mut b, ada) = (Bench::new(), WorkerId::new());
    let pushed = b.push(2);
    b.claim(ada, 1, 1);
    b.push_after(LATER);
    b.pass(LATER);
    let queue = b.queue.clone();
    b.store.on(&queue, crate::queue::Queue::pause);
    let call = b.claim_call(ada, 2, 5);
    let claimed = b.send_claim(&call);
    assert_eq!((claimed.tasks.len(), claimed.paused, claimed.promoted), (0, true, 1));
    assert_eq!(b.claim(ada, 1, 5), pushed[..1]);
    b.store.resume(&queue);
    assert!(b.rang());
    assert_eq!(b.claim(ada, 3, 5).len(), 2);
    assert_eq!(b.listed(State::Ready), []);
}
