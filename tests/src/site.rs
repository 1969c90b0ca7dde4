//! A site: one queue, the pools and worker processes on it, and the log that processes write.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tireless::{Producer, WorkerPool};
use tireless_core::{Backend, Counts, List, QueueName, State, TaskSummary, WorkerId};
use tireless_redis_broker::Settings;

use crate::Library;

/// How long a worker is believed alive, and how often it says so.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The lease.
    pub lease: Duration,
    /// The beat.
    pub beat: Duration,
}

impl Pace {
    /// What a pool has that was told nothing.
    pub const DEFAULT: Self = Self { lease: Duration::from_secs(15), beat: Duration::from_secs(5) };

    /// For tests that wait for leases to end.
    pub const FAST: Self = Self { lease: Duration::from_secs(2), beat: Duration::from_millis(500) };
}

/// A queue with workers of one client library.
#[derive(Debug)]
pub struct Site {
    /// A connection of the test's own.
    pub broker: Arc<dyn Backend>,
    /// The queue.
    pub queue: QueueName,
    program: &'static str,
    client: &'static str,
    url: String,
    settings: Settings,
    dir: PathBuf,
}

impl Site {
    /// A site at this server. `program` is the worker's; the queue is the first adopted one, else
    /// one called `site`.
    pub async fn open<L: Library>(program: &'static str, url: &str, settings: Settings) -> Self {
        let broker = L::connect(url, settings.clone()).await;
        let broker = broker.unwrap_or_else(|error| panic!("{}: {error}", L::NAME));
        let adopted = settings.adopted.keys().next().cloned();
        let dir = std::env::temp_dir().join(format!("tireless-site-{}", WorkerId::new()));
        fs::create_dir_all(&dir).expect("a folder");
        Self {
            broker,
            queue: adopted.unwrap_or_else(|| QueueName::new("site").expect("a legal name")),
            program,
            client: L::NAME,
            url: url.to_owned(),
            settings,
            dir,
        }
    }

    /// How its connections are made.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Another connection, as another process would have.
    pub async fn connect<L: Library>(&self) -> Arc<dyn Backend> {
        let broker = L::connect(&self.url, self.settings.clone()).await;
        broker.unwrap_or_else(|error| panic!("{}: {error}", L::NAME))
    }

    /// Starts a worker process.
    pub fn worker(&self, slots: usize, pace: Pace) -> WorkerProcess {
        let mut command = Command::new(self.program);
        command.arg(format!("url={}", self.url)).arg(format!("client={}", self.client));
        command.arg(format!("namespace={}", self.settings.namespace));
        command.arg(format!("queue={}", self.queue)).arg(format!("slots={slots}"));
        command.arg(format!("log={}", self.dir.join("log").display()));
        command.arg(format!("lease_ms={}", pace.lease.as_millis()));
        command.arg(format!("beat_ms={}", pace.beat.as_millis()));
        if let Some(adoption) = self.settings.adopted.get(&self.queue) {
            let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
            command.arg(format!("adopt={}", text(&adoption.list)));
            command.arg(format!("failed_set={}", text(&adoption.failed_set)));
        }
        WorkerProcess::start(&mut command)
    }

    /// A pool in this process, still without handlers.
    pub fn pool(&self, slots: usize, pace: Pace) -> WorkerPool {
        let pool = WorkerPool::new(self.broker.clone());
        pool.concurrency(slots).lease(pace.lease).beat(pace.beat)
    }

    /// Pushes bodies.
    pub async fn push<B: Into<Bytes>>(&self, bodies: impl IntoIterator<Item = B>) {
        let producer = Producer::new(self.broker.clone());
        producer.push_all_raw(&self.queue, bodies).await.expect("a push");
    }

    /// How much of everything the queue holds.
    pub async fn counts(&self) -> Counts {
        self.broker.counts(&self.queue).await.expect("counts")
    }

    /// Up to 1,000 tasks of a state.
    pub async fn list(&self, state: State) -> Vec<TaskSummary> {
        let list = List { queue: self.queue.clone(), state, cursor: 0, limit: 1_000 };
        self.broker.list(&list).await.expect("a page").tasks
    }

    /// What the worker processes have written so far.
    pub fn log(&self) -> Log {
        // There is none before the first worker.
        let text = fs::read_to_string(self.dir.join("log")).unwrap_or_default();
        let mut log = Log::default();
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("start", id)) => *log.started.entry(id.to_owned()).or_default() += 1,
                Some(("done", id)) => *log.done.entry(id.to_owned()).or_default() += 1,
                Some(("end", numbers)) => log.ends.push(numbers.to_owned()),
                _ => panic!("{line}"),
            }
        }
        log
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// What worker processes have written.
#[derive(Debug, Default)]
pub struct Log {
    /// How often each task was started.
    pub started: HashMap<String, usize>,
    /// How often each task was run to its end.
    pub done: HashMap<String, usize>,
    /// `DONE LOST` of each process that shut down in good order.
    pub ends: Vec<String>,
}

/// A worker process. Killed when dropped.
#[derive(Debug)]
pub struct WorkerProcess(Child);

impl WorkerProcess {
    /// Starts a program that works until its standard input ends.
    pub fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        Self(command.spawn().expect("the worker program"))
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Kills it (SIGKILL).
    pub fn kill(&mut self) {
        self.0.kill().expect("a process to kill");
        self.0.wait().expect("its end");
    }

    /// Sends a signal: `STOP`, `CONT`, `TERM`.
    pub fn signal(&self, name: &str) {
        let words = [format!("-{name}"), self.0.id().to_string()];
        let status = Command::new("kill").args(words).status().expect("kill");
        assert!(status.success(), "kill -{name}: {status}");
    }

    /// Its end, if it has come.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("its state")
    }

    /// Waits for its end; whether it came within the limit and in good order.
    pub async fn wait(mut self, limit: Duration) -> bool {
        let begin = Instant::now();
        while begin.elapsed() < limit {
            if let Some(status) = self.ended() {
                return status.success();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        false
    }

    /// Asks it to end (SIGTERM) and waits; how long that took. Panics if it ends in trouble.
    pub async fn shut_down(mut self, limit: Duration) -> Duration {
        let begin = Instant::now();
        self.signal("TERM");
        loop {
            if let Some(status) = self.ended() {
                assert!(status.success(), "{status}");
                return begin.elapsed();
            }
            assert!(begin.elapsed() < limit, "it did not end within {limit:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        // Both fail only when it is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
