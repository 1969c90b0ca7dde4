//! The load: a producer that pushes at a steady pace and writes down what it was told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use tireless::{Backend, Effect, ErrorKind, Producer, QueueName};
use tokio::task::JoinHandle;

use crate::ground::Ground;
use crate::history::{Pen, Word};
use crate::random;

/// For how long a push without an answer is sent again before it is given up.
const GIVE_UP: Duration = Duration::from_secs(150);

/// What to push.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The number of the first task.
    pub first: u64,
    /// How many tasks at most.
    pub most: u64,
    /// Tasks a second; 0 for as many as can be.
    pub rate: f64,
    /// Tasks a call.
    pub batch: u64,
    /// The body of a task; begins with its number.
    pub body: fn(u64) -> String,
    /// How long after their push tasks are due.
    pub after: Duration,
    /// When tasks are due, instead: all of them at one moment.
    pub at: Option<SystemTime>,
    /// How long a single send may try.
    pub patience: Duration,
    /// One of so many batches is given up when it has no answer, instead of being sent again; none
    /// of them for 0.
    pub forsake_one_in: u64,
}

impl Plan {
    /// So many tasks at this rate, in small batches, each sent until it is answered.
    pub fn new(most: u64, rate: f64, body: fn(u64) -> String) -> Self {
        Self {
            first: 1,
            most,
            rate,
            batch: ((rate / 25.0) as u64).clamp(1, 200),
            body,
            after: Duration::ZERO,
            at: None,
            patience: Duration::from_secs(2),
            forsake_one_in: 0,
        }
    }
}

/// What a producer was told beside its receipts.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Errors that no patience helps with, and that no full store explains.
    pub errors: Vec<String>,
    /// Refusals of a full store.
    pub out_of_memory: u64,
    /// Tasks that it tried to push.
    pub pushed: u64,
}

/// A producer at work.
#[derive(Debug)]
pub struct Load {
    over: Arc<AtomicBool>,
    pushed: Arc<AtomicU64>,
    full: Arc<AtomicBool>,
    working: JoinHandle<Result<Told>>,
}

impl Load {
    /// Starts to push.
    ///
    /// # Errors
    /// When the history cannot be opened.
    pub fn start(ground: &Ground, process: &str, plan: Plan) -> Result<Self> {
        let (producing, queue) = (ground.producing.clone(), ground.queue.clone());
        Ok(Self::over(producing, queue, ground.pen(process)?, plan))
    }

    /// The same, of a process that has no ground of its own.
    pub fn over(broker: Arc<dyn Backend>, queue: QueueName, pen: Pen, plan: Plan) -> Self {
        let (over, full) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let pushed = Arc::new(AtomicU64::new(0));
        let work = Work {
            producer: Producer::new(broker).patience(plan.patience),
            queue,
            pen,
            plan,
            over: over.clone(),
            pushed: pushed.clone(),
            full: full.clone(),
            told: Told::default(),
        };
        Self { over, pushed, full, working: tokio::spawn(work.run()) }
    }

    /// How many tasks it has tried to push so far.
    pub fn pushed(&self) -> u64 {
        self.pushed.load(Ordering::Relaxed)
    }

    /// Waits until a push is refused because the store is full.
    pub async fn refused(&self) {
        while !self.full.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until all is pushed.
    ///
    /// # Errors
    /// When the history could not be written.
    pub async fn finish(self) -> Result<Told> {
        self.working.await.context("the producer panicked")?
    }

    /// Lets it end after the batch under way.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub async fn stop(self) -> Result<Told> {
        self.over.store(true, Ordering::Relaxed);
        self.finish().await
    }
}

struct Work {
    producer: Producer,
    queue: QueueName,
    pen: Pen,
    plan: Plan,
    over: Arc<AtomicBool>,
    pushed: Arc<AtomicU64>,
    full: Arc<AtomicBool>,
    told: Told,
}

impl Work {
    async fn run(mut self) -> Result<Told> {
        let begin = Instant::now();
        while self.told.pushed < self.plan.most && !self.over.load(Ordering::Relaxed) {
            self.push().await?;
            if self.plan.rate > 0.0 {
                let due = Duration::from_secs_f64(self.told.pushed as f64 / self.plan.rate);
                tokio::time::sleep(due.saturating_sub(begin.elapsed())).await;
            }
        }
        Ok(self.told)
    }

    async fn push(&mut self) -> Result<()> {
        let first = self.plan.first + self.told.pushed;
        let count = self.plan.batch.min(self.plan.most - self.told.pushed);
        let ids = first..first + count;
        let after = match self.plan.at {
            Some(at) => at.duration_since(SystemTime::now()).unwrap_or_default(),
            None => self.plan.after,
        };
        let after_ms = u64::try_from(after.as_millis())?;
        self.pen.write_all(ids.clone().map(|id| Word::Push { id, after_ms }))?;
        self.told.pushed += count;
        self.pushed.store(self.told.pushed, Ordering::Relaxed);
        let push = self.producer.push_all_raw(&self.queue, ids.clone().map(self.plan.body));
        // Tests may take ten retries as given; a long fault takes more.
        let push = push.retries(1_000);
        let mut batch = match self.plan.at {
            Some(at) => push.at(at).prepare()?,
            None => push.after(self.plan.after).prepare()?,
        };
        let forsakes = self.plan.forsake_one_in > 0 && random::below(self.plan.forsake_one_in) == 0;
        let begin = Instant::now();
        let word: fn(u64) -> Word = loop {
            let Err(error) = batch.send().await else { break |id| Word::Ok { id } };
            if error.kind() == ErrorKind::OutOfMemory {
                self.told.out_of_memory += 1;
                self.full.store(true, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
            } else if !error.is_retryable() {
                self.told.errors.push(error.to_string());
            }
            if error.effect() == Effect::None {
                break |id| Word::Failed { id };
            }
            if forsakes || !error.is_retryable() || begin.elapsed() > GIVE_UP {
                break |id| Word::Unknown { id };
            }
        };
        self.pen.write_all(ids.map(word))?;
        Ok(())
    }
}
