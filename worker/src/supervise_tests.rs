use std::sync::atomic::{AtomicUsize, Ordering};

use tireless_core::{Error, ErrorKind, Operation};
use tireless_testkit::VirtualClock;

use super::*;
use crate::testbed::BrokenLog;

#[tokio::test]
async fn a_loop_that_fails_or_panics_is_started_again() {
    let clock = VirtualClock::new();
    let (health, observers, stop) = (
        Health::new(Vec::new(), true, Duration::ZERO),
        Observers::default(),
        CancellationToken::new(),
    );
    let starts = AtomicUsize::new(0);
    let supervisor =
        Supervisor { clock: &clock, health: &health, observers: &observers, stop: &stop };
    let supervised = supervisor.run(Role::Claimer, || async {
        match starts.fetch_add(1, Ordering::SeqCst) {
            0 => Err(Error::new(ErrorKind::Corrupt, Operation::Claim, "odd")),
            1 => panic!("a bug"),
            _ => Ok(()),
        }
    });
    tokio::join!(supervised, clock.advance(Duration::from_secs(60)));
    assert_eq!(starts.load(Ordering::SeqCst), 3);
    let claimer = &health.loops(Duration::ZERO)[0];
    assert_eq!((claimer.name, claimer.restarts), ("claimer", 2));
}

#[tokio::test]
async fn a_stop_ends_the_pause_before_the_next_start() {
    let clock = VirtualClock::new();
    let (health, observers, stop) = (
        Health::new(Vec::new(), true, Duration::ZERO),
        Observers::default(),
        CancellationToken::new(),
    );
    stop.cancel();
    let supervisor =
        Supervisor { clock: &clock, health: &health, observers: &observers, stop: &stop };
    // Time stands still: without the stop this would wait for ever.
    supervisor
        .run(Role::Bell, || async { Err(Error::new(ErrorKind::Corrupt, Operation::Wait, "odd")) })
        .await;
}

#[tokio::test]
async fn a_log_that_panics_ends_no_loop() {
    let _log = BrokenLog::set("supervise");
    let clock = VirtualClock::new();
    let (health, observers, stop) = (
        Health::new(Vec::new(), true, Duration::ZERO),
        Observers::default(),
        CancellationToken::new(),
    );
    let starts = AtomicUsize::new(0);
    let supervisor =
        Supervisor { clock: &clock, health: &health, observers: &observers, stop: &stop };
    let supervised = supervisor.run(Role::Claimer, || async {
        if starts.fetch_add(1, Ordering::SeqCst) == 0 { panic!("a bug") } else { Ok(()) }
    });
    tokio::join!(supervised, clock.advance(Duration::from_secs(60)));
    assert_eq!(starts.load(Ordering::SeqCst), 2);
}
