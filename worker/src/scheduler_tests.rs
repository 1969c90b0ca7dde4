use std::sync::Arc;

use tireless_core::{ErrorKind, State, When};

use super::RequeueScheduler;
use crate::testbed::{Bed, SECOND, raw_task};

#[tokio::test]
async fn alone_it_makes_ready_what_falls_due_and_says_how_much() {
    let bed = Bed::new();
    let mut task = raw_task();
    task.when = When::After(3 * SECOND);
    let id = bed.push_to(&bed.queue, vec![task]).await[0];
    let scheduler =
        RequeueScheduler::new(bed.spy.clone()).queue("q").clock(Arc::new(bed.clock.clone()));
    let clock = bed.clock.clone();
    let run = tokio::spawn(scheduler.run_until(async move {
        tireless_core::Clock::sleep(&clock, 60 * SECOND).await;
    }));
    bed.clock.advance(3 * SECOND).await;
    bed.clock.advance(SECOND / 10).await;
    assert_eq!(bed.show(id).await.unwrap().state, State::Ready);
    bed.clock.advance(60 * SECOND).await;
    assert_eq!(run.await.unwrap().unwrap().promoted, 1);
}

#[tokio::test]
async fn it_says_what_it_lacks() {
    let bed = Bed::new();
    let wrong = [
        RequeueScheduler::new(bed.spy.clone()),
        RequeueScheduler::new(bed.spy.clone()).queue("a b"),
        RequeueScheduler::new(bed.spy.clone()).queue("q").beat(std::time::Duration::ZERO),
    ];
    for scheduler in wrong {
        let error = scheduler.run_until(async {}).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}
