//! Worker processes that die, or stand still, while they hold tasks.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tireless_core::{Envelope, State};
use tireless_testkit::fixtures::Actor;
use tireless_testkit::server::shared_url;
use tireless_tests::{Library, Pace, Site, WorkerProcess, eventually, fresh_namespace, small_cap};

use crate::WORKER;

/// What the contract allows for the tasks of a dead worker at the default lease and beat.
const RECOVERY: Duration = Duration::from_secs(30);

/// For what needs no time but a machine's.
const SOON: Duration = Duration::from_secs(60);

async fn site<L: Library>() -> Site {
    let url = shared_url().expect("a server");
    Site::open::<L>(WORKER, &url, small_cap(fresh_namespace())).await
}

/// A worker process that has begun all of these tasks and will not end them.
async fn holding(site: &Site, tasks: usize) -> WorkerProcess {
    site.push((0..tasks).map(|task| format!("{task} sleep 600000"))).await;
    let victim = site.worker(tasks, Pace::DEFAULT);
    eventually("all begun", SOON, async || site.log().started.len() == tasks).await;
    victim
}

async fn a_pool_beside_a_killed_worker_does_its_tasks<L: Library>() {
    let site = site::<L>().await;
    let mut victim = holding(&site, 200).await;
    let pool = site.pool(64, Pace::DEFAULT).handle_raw(&site.queue, |_: Bytes| async {});
    let pool = pool.start().await.expect("a pool");
    // The one beside works on while the other dies.
    site.push((0..500).map(|task| format!("other-{task}"))).await;
    eventually("others done", SOON, async || site.counts().await.done == 500).await;
    victim.kill();
    let took = eventually("done", RECOVERY, async || site.counts().await.done == 700).await;
    println!("{}: 200 tasks of a killed worker were done after {took:?}", L::NAME);
    let counts = site.counts().await;
    assert_eq!((counts.ready, counts.running, counts.failed, counts.dead), (0, 0, 0, 0));
    let summary = pool.shutdown().await;
    assert_eq!((summary.reclaimed, summary.done), (200, 700));
}

async fn a_thousand_claimed_tasks_can_be_claimed_by_others<L: Library>() {
    let site = site::<L>().await;
    let mut victim = holding(&site, 1_000).await;
    let scheduler = tireless::RequeueScheduler::new(site.connect::<L>().await).queue(&site.queue);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let scheduler = tokio::spawn(scheduler.run_until(async {
        let _ = stopped.await;
    }));
    victim.kill();
    let begin = Instant::now();
    let other = Actor::new(site.broker.clone(), site.queue.clone(), Pace::DEFAULT.lease);
    let mut claimed = 0;
    while claimed < 1_000 {
        assert!(begin.elapsed() < RECOVERY, "{claimed} of 1,000 claimed");
        let tasks = other.claim(1_000).await;
        assert!(tasks.iter().all(|task| task.history.crashes == 1));
        claimed += tasks.len();
        other.ack(&tasks).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("{}: 1,000 tasks were claimed by another after {:?}", L::NAME, begin.elapsed());
    assert_eq!(claimed, 1_000);
    stop.send(()).expect("a running scheduler");
    scheduler.await.expect("no panic").expect("a scheduler");
}

async fn only_the_task_that_aborts_its_process_is_dead<L: Library>() {
    const TASKS: usize = 2_000;
    let site = site::<L>().await;
    let body = |task| match task {
        700 => "700 sleep 20 abort".to_owned(),
        task => format!("{task} sleep 20"),
    };
    site.push((0..TASKS).map(body)).await;
    let begin = Instant::now();
    let mut workers: Vec<_> = (0..4).map(|_| site.worker(64, Pace::FAST)).collect();
    let mut deaths = 0;
    let over = async || {
        for worker in &mut workers {
            if worker.ended().is_some() {
                deaths += 1;
                *worker = site.worker(64, Pace::FAST);
            }
        }
        let counts = site.counts().await;
        counts.ready + counts.running + counts.failed == 0
    };
    eventually("nothing left to do", Duration::from_secs(120), over).await;
    println!("{}: {deaths} deaths, {:?}", L::NAME, begin.elapsed());
    let dead = site.list(State::Dead).await;
    assert_eq!(dead.len(), 1, "only the one is dead");
    let envelope = Envelope::decode(&dead[0].envelope).expect("an envelope");
    assert_eq!(envelope.body, "700 sleep 20 abort");
    let detail = site.broker.show(&site.queue, dead[0].id).await.expect("an answer");
    let failures = detail.expect("the task").failures;
    assert_eq!(failures.0.first().expect("a failure").failure.kind(), "poison");
    let log = site.log();
    let undone: Vec<usize> =
        (0..TASKS).filter(|task| !log.done.contains_key(&task.to_string())).collect();
    assert_eq!(undone, [700]);
    assert_eq!(site.counts().await.done, TASKS as u64 - 1);
    assert!((5..=8).contains(&deaths), "two crashes in company and three alone: {deaths}");
}

async fn a_worker_that_stood_still_settles_nothing<L: Library>() {
    let site = site::<L>().await;
    site.push(["1 sleep 1500"]).await;
    let sleeper = site.worker(1, Pace::FAST);
    eventually("begun", SOON, async || site.log().started.len() == 1).await;
    sleeper.signal("STOP");
    let other = site.worker(1, Pace::FAST);
    eventually("done by the other", SOON, async || site.counts().await.done == 1).await;
    sleeper.signal("CONT");
    eventually("run to its end by both", SOON, async || site.log().done["1"] == 2).await;
    for worker in [sleeper, other] {
        worker.shut_down(SOON).await;
    }
    // Done and refused, of each: the late one was refused.
    assert_eq!(site.log().ends, ["0 1", "1 0"]);
    let counts = site.counts().await;
    assert_eq!((counts.done, counts.ready, counts.running, counts.dead), (1, 0, 0, 0));
}

crate::over_both!(
    a_pool_beside_a_killed_worker_does_its_tasks,
    a_thousand_claimed_tasks_can_be_claimed_by_others,
    only_the_task_that_aborts_its_process_is_dead,
    a_worker_that_stood_still_settles_nothing,
);
