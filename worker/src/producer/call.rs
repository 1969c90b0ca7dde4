//! One numbered push call, repeated while its answer is missing.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tireless_core::{
    Broker, CallTicket, Clock, Durability, Effect, Error, ErrorKind, NewTask, Operation, Push,
    Pushed, QueueName, Result, StoreTime, limits,
};

use super::{Producer, Receipt};
use crate::retry::Backoff;

/// A call that can be sent any number of times and makes its tasks once (B3.3). Holding it keeps
/// the store's answer; dropping it gives the call up (B3.4).
#[derive(Debug)]
pub(super) struct PushCall {
    producer: Producer,
    queue: QueueName,
    tasks: Vec<NewTask>,
    durability: Durability,
    ticket: CallTicket,
    doubt: Mutex<Doubt>,
}

/// Copies that may have taken effect: under way, given up, or with an unknown end.
#[derive(Debug, Default)]
struct Doubt {
    copies: u64,
    /// When the first of them was sent.
    since: Option<Moment>,
}

/// A moment by both clocks: monotonic time may stand still while the machine sleeps, and wall time may
/// be set back. The store's time does neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment {
    monotonic: Duration,
    wall: StoreTime,
}

impl Moment {
    fn now(clock: &dyn Clock) -> Self {
        Self { monotonic: clock.monotonic(), wall: clock.wall() }
    }

    /// How long ago the earlier one was, by the clock that says more.
    fn since(self, earlier: Self) -> Duration {
        let passed = self.monotonic.saturating_sub(earlier.monotonic);
        passed.max(self.wall.since(earlier.wall))
    }
}

impl PushCall {
    pub(super) fn new(
        producer: Producer,
        queue: QueueName,
        tasks: Vec<NewTask>,
        durability: Durability,
    ) -> Self {
        let ticket = producer.ticket(&queue);
        Self { producer, queue, tasks, durability, ticket, doubt: Mutex::default() }
    }

    pub(super) fn queue(&self) -> &QueueName {
        &self.queue
    }

    pub(super) fn tasks(&self) -> &[NewTask] {
        &self.tasks
    }

    /// Sends the call until it is answered or the producer's patience ends.
    pub(super) async fn send(&self) -> Result<Vec<Receipt>> {
        let Producer { clock, patience, .. } = &self.producer;
        let give_up = clock.monotonic().saturating_add(*patience);
        let pauses = Backoff::exponential(Duration::from_millis(50), Duration::from_secs(1));
        let mut push = self.request();
        let (mut attempt, mut last) = (0, None);
        loop {
            attempt += 1;
            let error = match self.send_until(&push, give_up).await {
                Some(Ok(answers)) => return self.receipts(&answers),
                Some(Err(error)) => error,
                // What was wrong before says more than that this try was given up.
                None => return Err(self.doubted(last.unwrap_or_else(|| self.given_up()))),
            };
            let pause = pauses.delay(attempt);
            if !is_unanswered(&error) || clock.monotonic().saturating_add(pause) > give_up {
                return Err(self.doubted(error));
            }
            last = Some(error);
            clock.sleep(pause).await;
            push.call = self.ticket.call();
        }
    }

    /// Sends it and waits for the answer until then, or, where nothing is to be repeated, for as long as
    /// the broker does.
    async fn send_until(&self, push: &Push, give_up: Duration) -> Option<Result<Vec<Pushed>>> {
        let Producer { clock, patience, .. } = &self.producer;
        if patience.is_zero() {
            return Some(self.send_once(push).await);
        }
        // Not begun before the answer has been asked for: most are there by then, or soon.
        let time_is_up = async {
            let left = give_up.saturating_sub(clock.monotonic());
            clock.sleep(left).await;
        };
        tokio::select! {
            biased;
            answer = self.send_once(push) => Some(answer),
            () = time_is_up => None,
        }
    }

    fn given_up(&self) -> Error {
        let patience = self.producer.patience;
        let message = format!(
            "no answer within {patience:?}, the patience of this producer; a push that was prepared \
             can be sent again without making a second task"
        );
        Error::new(ErrorKind::Timeout, Operation::Push, message).with_effect(Effect::Maybe)
    }

    /// Sends it, unless so much time has passed that the store may have forgotten its answer.
    async fn send_once(&self, push: &Push) -> Result<Vec<Pushed>> {
        if !self.doubt().begin(Moment::now(&*self.producer.clock)) {
            let message = "the push was first sent over ten minutes ago, and the store may have \
                           forgotten it; look for its task by id before pushing it anew";
            return Err(
                Error::new(ErrorKind::Stale, Operation::Push, message).with_effect(Effect::Maybe)
            );
        }
        let answer = self.producer.broker.push(push).await;
        if answer.as_ref().is_err_and(|error| error.effect() == Effect::None) {
            self.doubt().did_nothing();
        }
        answer
    }

    /// A copy that was sent earlier may still have taken effect, whatever the last one did.
    fn doubted(&self, error: Error) -> Error {
        if self.doubt().copies > 0 { error.with_effect(Effect::Maybe) } else { error }
    }

    fn doubt(&self) -> MutexGuard<'_, Doubt> {
        self.doubt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request(&self) -> Push {
        Push {
            queue: self.queue.clone(),
            caller: self.producer.caller,
            call: self.ticket.call(),
            tasks: self.tasks.clone(),
            durability: self.durability,
        }
    }

    fn receipts(&self, answers: &[Pushed]) -> Result<Vec<Receipt>> {
        if answers.len() != self.tasks.len() {
            let (got, sent) = (answers.len(), self.tasks.len());
            let message = format!("the store gave {got} answers to {sent} tasks");
            return Err(
                Error::new(ErrorKind::Corrupt, Operation::Push, message).with_effect(Effect::Maybe)
            );
        }
        let receipt = |(task, answer): (&NewTask, &Pushed)| match answer {
            Pushed::Exists { id } => Receipt { id: *id, existed: true },
            _ => Receipt { id: task.id, existed: false },
        };
        Ok(self.tasks.iter().zip(answers).map(receipt).collect())
    }
}

impl Doubt {
    /// One more copy is sent, unless the store may have forgotten the first one's answer.
    fn begin(&mut self, now: Moment) -> bool {
        let since = *self.since.get_or_insert(now);
        let in_time = now.since(since) <= limits::REPEAT_WINDOW;
        self.copies += u64::from(in_time);
        in_time
    }

    /// One copy certainly had no effect.
    fn did_nothing(&mut self) {
        self.copies -= 1;
        if self.copies == 0 {
            self.since = None;
        }
    }
}

/// Whether the store did not answer. Out of memory can pass too, but it is an answer: the caller
/// should hear of it and slow down. So is that it is not durable: that was waited for already.
fn is_unanswered(error: &Error) -> bool {
    error.is_retryable() && !matches!(error.kind(), ErrorKind::OutOfMemory | ErrorKind::NotDurable)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many seconds after the start, by both clocks.
    fn at(seconds: u64) -> Moment {
        Moment {
            monotonic: Duration::from_secs(seconds),
            wall: StoreTime::from_millis(1_000_000 + 1_000 * seconds),
        }
    }

    #[test]
    fn a_copy_that_did_nothing_says_nothing_of_another() {
        let mut doubt = Doubt::default();
        assert!(doubt.begin(at(1)));
        assert!(doubt.begin(at(2)), "beside the first");
        doubt.did_nothing();
        assert_eq!((doubt.copies, doubt.since), (1, Some(at(1))));
        doubt.did_nothing();
        assert_eq!((doubt.copies, doubt.since), (0, None));
    }

    #[test]
    fn the_first_copy_counts_for_how_long_its_answer_is_kept() {
        let mut doubt = Doubt::default();
        let window = limits::REPEAT_WINDOW.as_secs();
        assert!(doubt.begin(at(1)));
        assert!(doubt.begin(at(1 + window)));
        assert!(!doubt.begin(at(2 + window)));
        assert_eq!(doubt.copies, 2, "what is not sent has no effect");
    }

    #[test]
    fn the_window_is_over_as_soon_as_either_clock_says_so() {
        let late = at(2 + limits::REPEAT_WINDOW.as_secs());
        let asleep = Moment { monotonic: at(2).monotonic, ..late };
        let set_back = Moment { wall: at(0).wall, ..late };
        for now in [asleep, set_back] {
            let mut doubt = Doubt::default();
            assert!(doubt.begin(at(1)));
            assert!(!doubt.begin(now), "{now:?}");
        }
    }
}
