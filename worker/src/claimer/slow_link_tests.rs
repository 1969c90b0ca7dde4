use std::time::Duration;

use tireless_core::{Claim, Clock, QueueName};

use super::half_dark_tests::{Began, pick_ups};
use crate::run::{Context, Verdict};
use crate::running::RunningPool;
use crate::testbed::{Bed, SECOND, queue, raw, raw_task};

async fn done_at_once(_: Context) -> Verdict {
    Verdict::Done
}

/// Names of so many queues.
fn queues(count: usize) -> Vec<QueueName> {
    (0..count)
        .map(|at| queue(if at == 0 { "q".to_owned() } else { format!("q{at}") }.as_str()))
        .collect()
}

/// Has a pool of so many slots take so many tasks of each queue over a link that needs so long for each
/// of them; how long that takes.
async fn drained_in(
    bed: &Bed,
    slots: usize,
    of: &[QueueName],
    tasks: usize,
    each: Duration,
) -> Duration {
    bed.spy.link.each_takes(each);
    let mut pool = bed.raw(done_at_once).concurrency(slots);
    for queue in of {
        bed.push_to(queue, (0..tasks).map(|_| raw_task()).collect()).await;
        if *queue != bed.queue {
            pool = pool.queue_weighted(queue.as_str(), 1);
        }
    }
    let pool = pool.start().await.unwrap();
    let all = (of.len() * tasks) as u64;
    bed.clock.advance_until(1000 * SECOND, || pool.stats().summary.done == all).await;
    let summary = pool.stats().summary;
    assert_eq!((summary.done, summary.lease_lost), (all, 0));
    let took = bed.clock.monotonic();
    assert_eq!(bed.spy.link.charged(), 0, "what was given up is charged nothing");
    pool.shutdown().await;
    took
}

#[tokio::test]
async fn what_a_link_does_not_carry_at_once_it_carries_one_by_one() {
    for slots in [2, 4, 100] {
        let bed = Bed::new();
        let took = drained_in(&bed, slots, &queues(1), 40, 2 * SECOND).await;
        // What times out does so twice, and never again: twice as many would take too long.
        assert!(took < (80 + 30) * SECOND, "{took:?} with {slots} slots");
        assert!((2..=6).contains(&bed.spy.link.lost()), "{}", bed.spy.link.lost());
    }
}

#[tokio::test]
async fn of_several_queues_that_are_too_much_together_each_has_its_turn() {
    let bed = Bed::new();
    let took = drained_in(&bed, 10, &queues(5), 8, 2 * SECOND).await;
    assert!(took < (80 + 30) * SECOND, "{took:?}");
}

#[tokio::test]
async fn as_many_are_claimed_at_once_as_come_soon() {
    let bed = Bed::new();
    // A hundred at once would take ten seconds.
    let took = drained_in(&bed, 100, &queues(1), 400, SECOND / 10).await;
    assert!(took < (40 + 20) * SECOND, "{took:?}");
    let asked = bed.spy.claims().into_iter().map(|claim| claim.queues[0].max);
    let large = asked.skip(2).filter(|max| (8..=20).contains(max)).count();
    assert!(large > 20, "{large}: {:?}", bed.spy.claims());
    assert_eq!(bed.spy.link.lost(), 2);
}

#[tokio::test]
async fn one_task_that_does_not_come_in_time_is_asked_for_again() {
    let bed = Bed::new();
    bed.push(1).await;
    bed.spy.link.each_takes(6 * SECOND);
    let pool = bed.raw(done_at_once).concurrency(1).start().await.unwrap();
    bed.clock.advance(9 * SECOND).await;
    bed.spy.link.each_takes(SECOND);
    bed.clock.advance(30 * SECOND).await;
    let claims = bed.spy.claims();
    assert_eq!(claims[1].number, claims[0].number);
    assert_eq!((pool.stats().summary.done, bed.spy.link.charged()), (1, 0));
    drop(pool);
}

#[tokio::test]
async fn after_a_link_was_dark_all_is_soon_as_before() {
    let bed = Bed::new();
    let pool = bed.raw(done_at_once).concurrency(100).start().await.unwrap();
    bed.clock.advance(SECOND).await;
    let dark_until = 60 * SECOND;
    bed.spy.link.is_dark_until(dark_until);
    bed.push(100_000).await;
    bed.spy.answers_take(Duration::from_millis(1));
    bed.clock.advance(dark_until - bed.clock.monotonic()).await;
    bed.spy.forget();
    bed.clock.advance(3 * SECOND).await;
    let most = |claim: &tireless_core::Claim| claim.queues[0].max;
    let claims = bed.spy.claims();
    let small = claims.iter().take_while(|claim| most(claim) < 100).count();
    assert!((1..=8).contains(&small), "{small} small claims before the usual ones");
    assert!(bed.spy.most_claims() > 1, "they go side by side again");
    bed.clock.advance(10 * SECOND).await;
    assert_eq!((pool.stats().summary.done, bed.spy.link.charged()), (100_000, 0));
    drop(pool);
}

/// A pool for `q`, whose runs take this long, and for `q1`, on another server, whose tasks never come in
/// time: looks do.
async fn beside_bodies_too_large(
    bed: &Bed,
    bodies: usize,
    slots: usize,
    run: Duration,
) -> (RunningPool, Began) {
    let (began, q1) = (Began::default(), queue("q1"));
    bed.spy.link.is_only_of(q1.clone());
    bed.spy.link.each_takes(6 * SECOND);
    bed.push_to(&q1, (0..bodies).map(|_| raw_task()).collect()).await;
    let (noted, clock) = (Began::clone(&began), bed.clock.clone());
    let route = raw(move |_| {
        let (noted, clock) = (Began::clone(&noted), clock.clone());
        async move {
            noted.lock().unwrap().push(clock.monotonic());
            clock.sleep(run).await;
            Verdict::Done
        }
    });
    let pool = bed.pool().queue_weighted("q", 1).queue_weighted("q1", 1).route(route);
    (pool.concurrency(slots).start().await.unwrap(), began)
}

#[tokio::test]
async fn beside_bodies_that_never_come_the_others_are_as_fast_as_without_them() {
    let ms = Duration::from_millis(1);
    let cases = [(4, 50 * ms), (4, 200 * ms), (4, SECOND), (1, SECOND)];
    for (bodies, (slots, run)) in cases.map(|case| [1, 8].map(|bodies| (bodies, case))).concat() {
        let bed = Bed::new();
        let (pool, _) = beside_bodies_too_large(&bed, bodies, slots, run).await;
        bed.push(20_000).await;
        bed.clock.advance(30 * SECOND).await;
        let before = pool.stats().summary.done;
        bed.clock.advance(60 * SECOND).await;
        let done = u128::from(pool.stats().summary.done - before);
        let possible = slots as u128 * (60 * SECOND).as_millis() / run.as_millis();
        assert!(done * 100 >= possible * 97, "{done} of {possible}: {slots} slots, {run:?}");
        let tries =
            |claim: &&Claim| claim.queues[0].queue.as_str() == "q1" && claim.queues[0].max == 1;
        let tried = bed.spy.claims().iter().filter(tries).count();
        assert!(tried > 5, "it is tried again and again: {tried}");
        drop(pool);
    }
}

#[tokio::test]
async fn beside_bodies_that_never_come_an_idle_pool_picks_up_at_once() {
    let bed = Bed::new();
    let (pool, began) = beside_bodies_too_large(&bed, 8, 4, SECOND / 10).await;
    let (median, longest) = pick_ups(&bed, &began).await;
    assert!(longest <= SECOND / 20, "{median:?}, at most {longest:?}");
    bed.spy.link.each_takes(SECOND);
    bed.clock.advance(60 * SECOND).await;
    assert_eq!(pool.stats().summary.done, 60 + 8, "once they can come they do");
    drop(pool);
}
