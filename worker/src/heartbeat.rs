//! The heartbeat: renews the lease, names the claims held, and stops runs whose lease is gone.
//!
//! On real time it has a thread, a runtime and connections of its own: handlers that block theirs do
//! not stop it. Under a test's clock it runs on the test's runtime.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tireless_core::{
    Broker, Effect, Error, ErrorKind, Held, Operation, QueueName, Renew, Renewed, Result,
};
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::TaskTracker;

use crate::health::Role;
use crate::ledger::NamedClaims;
use crate::quiet::log;
use crate::shared::Shared;
use crate::shutdown;

mod rounds;

use rounds::Rounds;

/// Renews until told to rest, and signs off then: over connections of its own, if it has any.
pub(crate) async fn run(shared: Arc<Shared>, own: Option<Arc<dyn Broker>>) -> Result<()> {
    tokio::select! {
        () = beats(&shared, own.as_deref()) => {}
        () = watch_leases(&shared) => {}
        () = shared.over.cancelled() => {}
    }
    Ok(())
}

/// Runs the heartbeat under supervision in a thread of its own. The tracker has it until it ends.
///
/// # Errors
/// Those of starting a thread or its runtime.
pub(crate) fn spawn_thread(shared: Arc<Shared>, beating: &TaskTracker) -> std::io::Result<()> {
    let beats = beating.token();
    let runtime = Own(Some(Builder::new_current_thread().enable_all().build()?));
    std::thread::Builder::new().name("tireless-heartbeat".into()).spawn(move || {
        runtime.block_on(async {
            tokio::spawn(shutdown::end_late(Arc::clone(&shared)));
            let own = shared.broker.apart();
            let supervisor = shared.supervisor(&shared.rest);
            let run = || run(Arc::clone(&shared), own.clone());
            supervisor.run(Role::Heartbeat, run).await;
            drop(beats);
            // A connection that a heartbeat opened lives here: the last calls may need it.
            shared.over.cancelled().await;
        });
    })?;
    Ok(())
}

/// The runtime of the heartbeat. Its end waits for nothing: where there is no thread to be had, it
/// ends in the task that starts the pool, and a runtime that waits must not.
struct Own(Option<Runtime>);

impl Own {
    fn block_on(&self, beats: impl Future<Output = ()>) {
        if let Some(runtime) = &self.0 {
            runtime.block_on(beats);
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

async fn beats(shared: &Shared, own: Option<&dyn Broker>) {
    let mut rounds = Rounds::new(shared, own);
    rounds.run().await;
    tell_sign_off(shared, rounds.sign_off()).await;
}

/// The last renewal, of a lease of nothing, where no heartbeat is left to send it.
pub(crate) async fn sign_off(shared: &Shared) {
    tell_sign_off(shared, beat_once(shared, None, Duration::ZERO)).await;
}

/// The same of a pool that does not start. Nobody is told what comes of it: why it does not start is.
pub(crate) async fn take_back(shared: &Shared) {
    let _ended = renew(shared, None, (0..shared.queues.len()).collect(), Duration::ZERO).await;
}

async fn tell_sign_off(shared: &Shared, last: impl Future<Output = Result<()>>) {
    shared.signs_off.store(true, Ordering::Relaxed);
    if let Err(error) = last.await {
        log!(warn, %error, "the pool could not sign off; its lease ends");
    }
}

/// One renewal over all queues.
///
/// # Errors
/// The first one that a queue answered; the others are dealt with all the same.
pub(crate) async fn beat_once(
    shared: &Shared,
    own: Option<&dyn Broker>,
    lease: Duration,
) -> Result<()> {
    renew_all(shared, own, lease).await.into_iter().try_for_each(|(_, result)| result)
}

/// The same, with what each queue answered.
pub(crate) async fn renew_all(
    shared: &Shared,
    own: Option<&dyn Broker>,
    lease: Duration,
) -> Vec<(usize, Result<()>)> {
    let answered = renew(shared, own, (0..shared.queues.len()).collect(), lease).await;
    note(shared, answered)
}

/// A renewal that is over.
struct Answered {
    /// What was said of which queues.
    named: Vec<(usize, NamedClaims)>,
    lease: Duration,
    /// When the copy was sent that was answered.
    sent: Duration,
    answers: Renewed,
}

/// One renewal over some queues.
async fn renew(
    shared: &Shared,
    own: Option<&dyn Broker>,
    queues: Vec<usize>,
    lease: Duration,
) -> Answered {
    let named: Vec<_> = queues.into_iter().map(|at| (at, shared.ledger.name(at))).collect();
    let held = |(at, named): &(usize, NamedClaims)| Held {
        queue: shared.queues[*at].name.clone(),
        claims: named.claims.clone(),
        below: named.below,
    };
    let mut info = shared.info.clone();
    info.held = shared.ledger.held();
    let held = named.iter().map(held).collect();
    let renew = Renew { worker: shared.worker, lease, held, info };
    if !lease.is_zero() {
        shared.asks(Role::Heartbeat);
    }
    let (sent, answers) = send(shared, own, &renew).await;
    Answered { named, lease, sent, answers }
}

/// Notes what queues answered to a renewal, and tells whether each of them answered well.
fn note(shared: &Shared, answered: Answered) -> Vec<(usize, Result<()>)> {
    let Answered { named, lease, sent, answers } = answered;
    let mut answers = answers.into_iter();
    let note_one = |(at, named): (usize, NamedClaims)| {
        let queue = &shared.queues[at].name;
        let answer = answers.next().map_or_else(|| Err(missing(queue)), |(_, answer)| answer);
        match answer {
            Ok(renewed) => {
                if !lease.is_zero() {
                    shared.lease_extended(at, sent);
                    shared.succeeded_for(Role::Heartbeat, at);
                }
                let lost = shared.ledger.renewed(at, &named, &renewed.lost, renewed.now);
                if lost > 0 {
                    log!(warn, %queue, claims = lost, "leases were lost; their runs are told");
                }
                (at, Ok(()))
            }
            Err(error) => {
                shared.failed_for(Role::Heartbeat, at, &error);
                (at, Err(error))
            }
        }
    };
    named.into_iter().map(note_one).collect()
}

fn missing(queue: &QueueName) -> Error {
    let message = format!("the broker did not answer for the queue {queue}; it is asked again");
    Error::new(ErrorKind::Corrupt, Operation::Renew, message).with_effect(Effect::Maybe)
}

/// Over connections of its own; over the pool's where the store takes no more of them, or lets no new
/// one in. What was never sent cannot come late. Also says when the copy was sent that was answered.
async fn send(shared: &Shared, own: Option<&dyn Broker>, renew: &Renew) -> (Duration, Renewed) {
    if let Some(own) = own {
        let sent = shared.clock.monotonic();
        let answers = own.renew(renew).await;
        if !answers.iter().all(|(_, answer)| answer.as_ref().is_err_and(is_unsent)) {
            return (sent, answers);
        }
    }
    (shared.clock.monotonic(), shared.broker.renew(renew).await)
}

fn is_unsent(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Denied)
        && error.effect() == Effect::None
}

/// At its own lease's end a worker tells its runs to stop; whether they were taken over, only
/// the store knows (B5).
async fn watch_leases(shared: &Shared) {
    loop {
        let now = shared.clock.monotonic();
        let mut next = now + shared.settings.lease;
        for (at, served) in shared.queues.iter().enumerate() {
            let until = shared.lease_until(at);
            if until > now {
                next = next.min(until);
            } else {
                let claims = shared.ledger.stop(at);
                if claims > 0 {
                    log!(warn, queue = %served.name, claims, "the lease has ended without a \
                        heartbeat that got through; the runs are told to stop");
                }
            }
        }
        shared.clock.sleep(next.saturating_sub(now).max(Duration::from_millis(1))).await;
    }
}

#[cfg(test)]
#[path = "heartbeat_tests.rs"]
mod tests;
