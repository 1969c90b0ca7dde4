//! A link over which answers take longer the more tasks they carry.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tireless_core::{Claimed, Clock, Effect, Error, ErrorKind, History, Operation, QueueName};
use tireless_testkit::VirtualClock;

/// How long a call waits for its answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Carries one answer after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Link(Arc<Mutex<Load>>);

#[derive(Debug, Default)]
struct Load {
    /// How long a task takes.
    each: Duration,
    /// Others come over links of their own, which carry them at once.
    only_of: Option<QueueName>,
    /// Until when nothing is carried at all.
    dark_until: Duration,
    free_at: Duration,
    lost: usize,
    charged: usize,
}

impl Link {
    /// Carries what is of this queue alone.
    pub(crate) fn is_only_of(&self, queue: QueueName) {
        self.0.lock().unwrap().only_of = Some(queue);
    }

    /// Each task takes so long from now on.
    pub(crate) fn each_takes(&self, each: Duration) {
        self.0.lock().unwrap().each = each;
    }

    pub(crate) fn is_dark_until(&self, until: Duration) {
        self.0.lock().unwrap().dark_until = until;
    }

    /// How many answers did not come in time.
    pub(crate) fn lost(&self) -> usize {
        self.0.lock().unwrap().lost
    }

    /// How many tasks came with a history: an attempt, a crash or a return.
    pub(crate) fn charged(&self) -> usize {
        self.0.lock().unwrap().charged
    }

    /// What comes of answers once they, and those before them, have been carried; errors, if that is
    /// not in time.
    pub(super) async fn carry(&self, clock: &VirtualClock, answers: Claimed) -> Claimed {
        let now = clock.monotonic();
        let only_of = self.0.lock().unwrap().only_of.clone();
        let is_ours = |queue: &QueueName| only_of.as_ref().is_none_or(|only| only == queue);
        let ours = || answers.iter().filter(|(queue, _)| is_ours(queue));
        if ours().next().is_none() {
            return answers;
        }
        let tasks = || ours().flat_map(|(_, answer)| answer).flat_map(|of| &of.tasks);
        let (takes, is_lost) = {
            let mut load = self.0.lock().unwrap();
            load.charged += tasks().filter(|task| task.history != History::default()).count();
            let takes = load.each * u32::try_from(tasks().count()).unwrap();
            let arrives = load.free_at.max(load.dark_until).max(now) + takes;
            let given_up = now + PATIENCE;
            let is_lost = arrives > given_up;
            load.lost += usize::from(is_lost);
            // Of an answer that is given up the rest is not sent.
            load.free_at = load.free_at.max(arrives.min(given_up));
            (arrives.min(given_up) - now, is_lost)
        };
        if takes > Duration::ZERO {
            clock.sleep(takes).await;
        }
        if !is_lost {
            return answers;
        }
        let late = || {
            Error::new(ErrorKind::Timeout, Operation::Claim, "no answer").with_effect(Effect::Maybe)
        };
        let comes = |(queue, answer)| {
            let answer = if is_ours(&queue) { Err(late()) } else { answer };
            (queue, answer)
        };
        answers.into_iter().map(comes).collect()
    }
}
