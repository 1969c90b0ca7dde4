//! How soon tasks start while they come steadily.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tireless::broker::NewTask;
use tireless::limits::TASKS_PER_CALL;
use tireless::{Backend, Context, Envelope, Handle, QueueName, RunPolicy, Verdict};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::pick_up::{LIMIT, PickUp};
use super::push::Load;
use crate::exit::{Outcome, Stop};
use crate::output::progress;
use crate::pool::pool;
use crate::pusher::Pusher;

/// For how long tasks come.
const TIME: Duration = Duration::from_secs(3);

/// How often those that are due are pushed.
const TICK: Duration = Duration::from_millis(1);

/// One task of so many tells how long it has waited.
const TOLD: u64 = 16;

/// What a steady state came to.
#[derive(Debug)]
pub(super) struct Steady {
    pub(super) per_s: f64,
    pub(super) start: PickUp,
}

/// Tells how long a task with a stamp has waited since its push began.
struct Stamped {
    begin: Instant,
    sender: mpsc::UnboundedSender<Duration>,
}

impl Handle for Stamped {
    fn run(&self, envelope: Envelope, _: Context) -> BoxFuture<'static, Verdict> {
        if let Some(pushed) = Load::stamp(&envelope.body) {
            // Nobody listens any more at the end.
            let _ = self.sender.send(self.begin.elapsed().saturating_sub(pushed));
        }
        std::future::ready(Verdict::Done).boxed()
    }
}

/// Half of what pushing and draining can do side by side, if each alone can do so much a second: they
/// share the machine.
pub(super) fn half(push_per_s: f64, drain_per_s: f64) -> f64 {
    0.5 / (push_per_s.recip() + drain_per_s.recip())
}

impl Steady {
    /// Pushes so many tasks a second, a batch each millisecond, to a pool that runs them.
    pub(super) async fn measure(
        broker: &Arc<dyn Backend>,
        queue: &QueueName,
        load: &Load,
        concurrency: usize,
        rate: f64,
    ) -> Outcome<Self> {
        let (sender, mut waits) = mpsc::unbounded_channel();
        let (queues, begin) = ([queue.clone()], Instant::now());
        let handler = Stamped { begin, sender };
        let pool = pool(broker.clone(), &queues, false, RunPolicy::default(), handler)
            .hold_until_settled(false)
            .concurrency(concurrency)
            .start()
            .await?;
        let pusher = Pusher::new(broker.clone(), queue.clone());
        let (pushed, took) = push(&pusher, load, begin, rate).await?;
        let mut times = Vec::new();
        for _ in 0..pushed.div_ceil(TOLD) {
            match timeout(LIMIT, waits.recv()).await {
                Ok(Some(waited)) => times.push(waited),
                _ => return Err(Stop::failed("a task that was pushed did not start within 30 s")),
            }
        }
        pool.shutdown().await;
        Ok(Self { per_s: pushed as f64 / took.as_secs_f64(), start: PickUp::of(times) })
    }
}

/// Pushes what is due, until the time is over; how much that was, and how long it took.
async fn push(pusher: &Pusher, load: &Load, begin: Instant, rate: f64) -> Outcome<(u64, Duration)> {
    let bar = progress(Some(TIME.as_secs()), "steady state");
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (start, most) = (begin.elapsed(), load.fits(TASKS_PER_CALL) as u64);
    let mut pushed = 0;
    loop {
        ticks.tick().await;
        let now = begin.elapsed();
        let passed = now.saturating_sub(start);
        if passed >= TIME {
            bar.finish_and_clear();
            return Ok((pushed, passed));
        }
        let due = ((rate * passed.as_secs_f64()) as u64).saturating_sub(pushed).min(most);
        if due > 0 {
            let told = |at: u64| at.is_multiple_of(TOLD).then_some(now);
            let tasks = (pushed..pushed + due).map(|at| load.task(told(at)));
            pusher.push(tasks.collect::<tireless::Result<Vec<NewTask>>>()?).await?;
            pushed += due;
        }
        bar.set_position(passed.as_secs());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_what_goes_side_by_side() {
        assert!((half(100.0, 100.0) - 25.0).abs() < 1e-9);
        assert!((half(1e12, 100.0) - 50.0).abs() < 1e-3);
    }
}
