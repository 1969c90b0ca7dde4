//! The claimer: takes tasks in batches, before all slots are idle, and keeps as many ready as run
//! within a tenth of a second.

use std::sync::Arc;
use std::time::Duration;

use tireless_core::limits::TASKS_PER_CALL;
use tireless_core::{Claim, ClaimFrom, ClaimMode, Effect, Error, QueueClaimed, Result};

use crate::board::{Plan, Want, Wanted};
use crate::dispatch::Job;
use crate::executor::open_slots;
use crate::health::Role;
use crate::hoard::{WATCH, Watch, room};
use crate::listen::Ear;
use crate::shared::{Settings, Shared};

/// How long suspects are run one after the other before other tasks get a turn again.
const STREAK: Duration = Duration::from_secs(1);

/// How long a pool keeps empty for a suspect at a stretch.
const STRETCH: Duration = Duration::from_secs(10);

/// So many tasks of a queue cost the store about twice as much as what the call itself does.
const WORTH_A_CALL: usize = 16;

/// How long it rests at most when it waits for the settlers, or keeps empty.
const MOMENT: Duration = Duration::from_millis(500);

/// Claims until the pool stops.
pub(crate) async fn run(shared: Arc<Shared>) -> Result<()> {
    // What an earlier start of this loop still waited for goes back by a renewal.
    shared.ledger.abandon_all();
    shared.board.forget_repeats();
    let mut claimer = Claimer {
        shared,
        streak: None,
        emptying: None,
        watch: Watch::default(),
        ear: Ear::default(),
    };
    while !claimer.shared.stop.is_cancelled() {
        claimer.step().await;
    }
    Ok(())
}

struct Claimer {
    shared: Arc<Shared>,
    /// Since when suspects have been run without a claim for others in between.
    streak: Option<Duration>,
    /// Since when the pool keeps empty for a suspect, at times.
    emptying: Option<Duration>,
    watch: Watch,
    ear: Ear,
}

impl Claimer {
    async fn step(&mut self) {
        let shared = Arc::clone(&self.shared);
        self.watch.look(&shared);
        let now = shared.clock.monotonic();
        for (at, number) in shared.board.take_hopeless(now) {
            // Named no more: should the queue hold anything of it, a renewal gives it back.
            shared.ledger.nothing(number, at);
        }
        let (suspects, turn) = shared.board.suspects(now);
        if !turn {
            self.emptying = None;
        }
        if !suspects.is_empty() && self.may_be_alone() {
            if shared.ledger.held() == 0 && !shared.board.repeats() && !shared.ledger.is_unsure() {
                return self.claim_alone(&suspects).await;
            }
            if turn && !shared.board.repeats() && self.may_keep_empty(now) {
                // Keep empty for the suspect; a heartbeat clears up what is unsure.
                if shared.ledger.held() > 0 {
                    shared.wake_when_held(0);
                }
                return self.pause(Some(MOMENT)).await;
            }
        }
        let room = room(&shared);
        if room == 0 {
            // There is no room for what lost claims took: a renewal gives it back.
            for (at, number) in shared.board.take_repeats() {
                shared.ledger.abandon(number, at);
            }
            return self.pause(None).await;
        }
        let settings = &shared.settings;
        // Outcomes that cannot be written pile up: no more than twice what is in use.
        let bound = 2 * (settings.concurrency + settings.prefetch).max(TASKS_PER_CALL);
        let choked = |at: usize| shared.settlers[at].is_choked(bound);
        if (0..shared.queues.len()).any(|at| choked(at) && !shared.settlers[at].is_failing()) {
            // The store lags behind, and not only in one queue: the shares are kept.
            return self.pause(Some(MOMENT)).await;
        }
        let now = shared.clock.monotonic();
        match shared.board.plan(now, want(settings, room), choked) {
            Plan::Idle(until) => {
                self.streak = None;
                self.idle(now, until.saturating_sub(now).max(Duration::from_millis(1))).await;
            }
            Plan::Claim(wanted) => {
                self.streak = None;
                let number = shared.ledger.begin(wanted.iter().map(|(at, _)| *at));
                self.claim(number, wanted).await;
            }
            Plan::Repeat(number, wanted) => self.claim(number, wanted).await,
        }
    }

    /// Nothing is to be claimed for a while, unless a bell rings: listens for it, if this is for the
    /// claimer to do.
    async fn idle(&mut self, now: Duration, mut rest: Duration) {
        let shared = Arc::clone(&self.shared);
        let concurrency = shared.settings.concurrency;
        if shared.dispatch.load().total() >= concurrency {
            // Full, and so deaf: once a slot is free, the bell is to be heard again.
            shared.dispatch.wake_at(concurrency - 1);
            shared.needs_no_bell();
        } else if let Some(on) = shared.board.only_quiet(now) {
            let deaf_for = self.ear.deaf_for(now);
            if deaf_for.is_zero() {
                return self.ear.listen(&shared, on, rest).await;
            }
            rest = rest.min(deaf_for);
        }
        shared.bell_wake.notify_one();
        self.rest(rest).await;
    }

    fn may_be_alone(&self) -> bool {
        let now = self.shared.clock.monotonic();
        self.streak.is_none_or(|since| now.saturating_sub(since) < STREAK)
    }

    /// A run may be long: between stretches of keeping empty the others are served, as long again.
    fn may_keep_empty(&mut self, now: Duration) -> bool {
        let since = *self.emptying.get_or_insert(now);
        (now.saturating_sub(since).as_millis() / STRETCH.as_millis()).is_multiple_of(2)
    }

    /// Rests before it asks again, for a while at most.
    async fn rest(&self, at_most: Duration) {
        self.shared.asks_in(Role::Claimer, at_most);
        self.wait(Some(at_most)).await;
    }

    /// Does not want to ask for now: nothing is owed meanwhile.
    async fn pause(&self, at_most: Option<Duration>) {
        self.shared.owes_nothing(Role::Claimer, at_most);
        self.shared.needs_no_bell();
        self.wait(at_most).await;
    }

    /// Waits until rung, for at most a while, or until the pool stops.
    async fn wait(&self, at_most: Option<Duration>) {
        let shared = &self.shared;
        // What waits is watched.
        let waits = (shared.dispatch.load().waiting > 0).then_some(WATCH);
        let at_most = at_most.into_iter().chain(waits).min();
        let time_is_up = async {
            match at_most {
                Some(pause) => shared.clock.sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shared.claimer_wake.notified() => {}
            () = time_is_up => {}
            () = shared.stop.cancelled() => {}
        }
    }

    /// Claims side by side. Not cut short by a stop: what it takes is given back then.
    async fn claim(&self, number: u64, wanted: Wanted) {
        let shared = &self.shared;
        let mut jobs = Vec::with_capacity(wanted.len());
        for (at, max, answer) in ask(shared, number, &wanted, ClaimMode::Shared).await {
            let now = shared.clock.monotonic();
            match answer {
                Ok(answer) => {
                    shared.board.answered(at, now, max, &answer);
                    jobs.push(take(shared, number, at, answer));
                }
                Err(error) if error.effect() == Effect::Maybe => {
                    shared.failed(Role::Claimer, &error);
                    shared.board.failed(at, now, &error, Some((number, max)));
                }
                Err(error) => {
                    shared.failed(Role::Claimer, &error);
                    shared.ledger.nothing(number, at);
                    shared.board.failed(at, now, &error, None);
                }
            }
        }
        start(shared, interleave(jobs));
        // Queues that are empty now are worth waiting for.
        shared.bell_wake.notify_one();
    }

    /// Takes one suspect and waits until its outcome is written, with nothing beside it (B11).
    async fn claim_alone(&mut self, suspects: &[usize]) {
        let shared = Arc::clone(&self.shared);
        self.emptying = None;
        self.streak.get_or_insert(shared.clock.monotonic());
        let mut wanted: Wanted = suspects.iter().map(|at| (*at, 1)).collect();
        let number = shared.ledger.begin(suspects.iter().copied());
        // Nothing else may be taken before all have answered: a lost answer may hold a suspect.
        while !wanted.is_empty() && !shared.stop.is_cancelled() {
            if shared.ledger.held() > 0 {
                // One runs: the others are only asked whether they gave one too.
                wanted.iter_mut().for_each(|(_, max)| *max = 0);
            }
            let mut lost = Wanted::new();
            for (at, max, answer) in ask(&shared, number, &wanted, ClaimMode::Alone).await {
                let now = shared.clock.monotonic();
                match answer {
                    Ok(answer) => {
                        shared.board.answered_alone(at, now, &answer);
                        let one_runs = shared.ledger.held() > 0;
                        let jobs = take(&shared, number, at, answer);
                        if one_runs {
                            crate::shutdown::give_back(&shared, jobs);
                        } else {
                            start(&shared, jobs);
                        }
                    }
                    Err(error) => {
                        shared.failed(Role::Claimer, &error);
                        shared.board.failed(at, now, &error, None);
                        match error.effect() {
                            Effect::Maybe if !shared.board.has_failed_long(at, now) => {
                                lost.push((at, max));
                            }
                            _ => shared.ledger.nothing(number, at),
                        }
                    }
                }
            }
            wanted = lost;
            if !wanted.is_empty() {
                self.rest(Duration::from_secs(1)).await;
            }
        }
        while shared.ledger.held() > 0 && !shared.stop.is_cancelled() {
            shared.wake_when_held(0);
            self.pause(None).await;
        }
    }
}

/// While tasks are quick, which is when more are kept ready than run, calls are what costs: then a
/// few queues are asked for many each. While they are slow, all get their share each time.
fn want(settings: &Settings, room: usize) -> Want {
    let quick = room > settings.concurrency;
    Want { tasks: room, share: if quick { WORTH_A_CALL } else { 1 } }
}

/// Sends a claim and answers for each of its queues.
async fn ask(
    shared: &Shared,
    number: u64,
    wanted: &Wanted,
    mode: ClaimMode,
) -> Vec<(usize, usize, Result<QueueClaimed>)> {
    let from = |(at, max): &(usize, usize)| {
        let served = &shared.queues[*at];
        ClaimFrom { queue: served.name.clone(), max: *max, inbox: served.inbox }
    };
    let claim = Claim {
        worker: shared.worker,
        number,
        lease: shared.settings.lease,
        mode,
        queues: wanted.iter().map(from).collect(),
    };
    shared.asks(Role::Claimer);
    let sent = shared.clock.monotonic();
    let mut answers = shared.broker.claim(&claim).await.into_iter();
    let mut given = Vec::with_capacity(wanted.len());
    for (at, max) in wanted.iter().copied() {
        let missing = || Err(missing(&shared.queues[at].name));
        let answer = answers.next().map_or_else(missing, |(_, answer)| answer);
        if answer.is_ok() {
            shared.lease_extended(at, sent);
            shared.succeeded(Role::Claimer);
        }
        given.push((at, max, answer));
    }
    given
}

fn missing(queue: &tireless_core::QueueName) -> Error {
    let message = format!("the broker did not answer for the queue {queue}; it is asked again");
    Error::new(tireless_core::ErrorKind::Corrupt, tireless_core::Operation::Claim, message)
        .with_effect(Effect::Maybe)
}

/// Notes what a queue gave.
pub(crate) fn take(shared: &Shared, number: u64, at: usize, answer: QueueClaimed) -> Vec<Job> {
    let batch = shared.ledger.answered(number, at, answer.tasks.len(), answer.now);
    let job = |task| Job { task, batch: Arc::clone(&batch) };
    answer.tasks.into_iter().map(job).collect()
}

/// Has tasks run, or gives them back if the pool has stopped.
pub(crate) fn start(shared: &Arc<Shared>, jobs: Vec<Job>) {
    match shared.dispatch.offer(jobs) {
        Ok(slots) => open_slots(shared, slots),
        Err(jobs) => crate::shutdown::give_back(shared, jobs),
    }
}

/// Mixes what several queues gave, so that each is spread evenly over the whole.
fn interleave(mut from: Vec<Vec<Job>>) -> Vec<Job> {
    from.retain(|jobs| !jobs.is_empty());
    if from.len() <= 1 {
        return from.pop().unwrap_or_default();
    }
    let mut placed = Vec::with_capacity(from.iter().map(Vec::len).sum());
    for jobs in from {
        let count = jobs.len() as u64;
        let place = |at: usize| ((2 * at as u64 + 1) << 32) / count;
        placed.extend(jobs.into_iter().enumerate().map(|(at, job)| (place(at), job)));
    }
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, job)| job).collect()
}

#[cfg(test)]
#[path = "claimer_tests.rs"]
mod tests;
