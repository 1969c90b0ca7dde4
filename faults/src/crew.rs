//! The crew: worker processes that a fault kills, stops and asks to end.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tireless::WorkerId;
use tireless::limits::LONE_CRASHES;
use tireless_tests::{Pace, WorkerProcess};

use crate::excuse::Excuse;
use crate::ground::Place;
use crate::history::{self, Word};

/// What all workers of a crew have in common.
#[derive(Clone, Debug)]
pub struct Terms {
    /// How many tasks one runs at once.
    pub slots: usize,
    /// Lease and beat.
    pub pace: Pace,
    /// How long running tasks may go on at a shutdown.
    pub shutdown: Duration,
    /// After how many crashes while alone a task is buried as poison.
    pub bury_after: u32,
    /// Variables for its environment.
    pub environment: Vec<(String, String)>,
}

impl Terms {
    /// So many slots at this pace, with the pool's own time for a shutdown.
    pub fn new(slots: usize, pace: Pace) -> Self {
        let shutdown = Duration::from_secs(25);
        Self { slots, pace, shutdown, bury_after: LONE_CRASHES, environment: Vec::new() }
    }
}

/// Worker processes, those that have ended counted in their names.
#[derive(Debug)]
pub struct Crew {
    place: Place,
    terms: Terms,
    name: String,
    started: usize,
    /// Those that live.
    pub members: Vec<Member>,
}

/// One worker process.
#[derive(Debug)]
pub struct Member {
    /// The name of its history.
    pub name: String,
    /// The process.
    pub process: WorkerProcess,
    /// The file of its history.
    pub history: PathBuf,
}

impl Crew {
    /// Starts so many workers.
    ///
    /// # Errors
    /// When the clock cannot be read or their output cannot be kept.
    pub fn start(place: &Place, terms: Terms, workers: usize) -> Result<Self> {
        Self::start_named(place, terms, workers, "worker")
    }

    /// The same, under another name than that of other crews.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_named(place: &Place, terms: Terms, workers: usize, name: &str) -> Result<Self> {
        let (place, name) = (place.clone(), name.to_owned());
        let mut crew = Self { place, terms, name, started: 0, members: Vec::new() };
        for _ in 0..workers {
            let member = crew.launch(&[])?;
            crew.members.push(member);
        }
        Ok(crew)
    }

    /// Starts one that is told more than the others and is no member: its end is the caller's affair.
    ///
    /// # Errors
    /// When none can be started.
    pub fn outsider(&mut self, words: &[String]) -> Result<Member> {
        self.launch(words)
    }

    fn launch(&mut self, words: &[String]) -> Result<Member> {
        self.started += 1;
        let name = format!("{}-{:04}", self.name, self.started);
        let (place, terms) = (&self.place, &self.terms);
        let mut command = Command::new(&place.program);
        command.envs(terms.environment.iter().cloned());
        let history = place.history(&name);
        command.arg(format!("url={}", place.url)).arg(format!("client={}", place.client.as_str()));
        command.arg(format!("namespace={}", place.namespace));
        command.arg(format!("queue={}", place.queue)).arg(format!("slots={}", terms.slots));
        command.arg(format!("history={}", history.display()));
        command.arg(format!("lease_ms={}", terms.pace.lease.as_millis()));
        command.arg(format!("beat_ms={}", terms.pace.beat.as_millis()));
        command.arg(format!("shutdown_ms={}", terms.shutdown.as_millis()));
        command.arg(format!("bury_after={}", terms.bury_after));
        if let Some(broken) = place.broken {
            command.arg(format!("broken={broken}"));
        }
        command.args(words);
        let told = fs::File::create(place.dir.join(format!("{name}.told")))?;
        command.stderr(Stdio::from(told));
        Ok(Member { name, process: WorkerProcess::start(&mut command), history })
    }

    /// Waits until all have registered.
    ///
    /// # Errors
    /// When one has not within half a minute.
    pub async fn ready(&self) -> Result<()> {
        for member in &self.members {
            member.ready(Duration::from_secs(30)).await?;
        }
        Ok(())
    }

    /// Kills one at this moment and puts another in its place.
    ///
    /// # Errors
    /// When none can be started.
    pub fn kill(&mut self, at: usize) -> Result<Excuse> {
        let member = &mut self.members[at];
        member.process.kill();
        let excuse = Excuse::killed(&member.name, history::now());
        self.members[at] = self.launch(&[])?;
        Ok(excuse)
    }

    /// Takes one out and puts another in its place.
    ///
    /// # Errors
    /// When none can be started.
    pub fn replace(&mut self, at: usize) -> Result<Member> {
        let next = self.launch(&[])?;
        Ok(std::mem::replace(&mut self.members[at], next))
    }

    /// Asks all to end and waits for each.
    ///
    /// # Errors
    /// When one ended in trouble before; what it said is part of the error.
    pub async fn go_home(self, limit: Duration) -> Result<()> {
        self.ready().await?;
        for member in &self.members {
            member.process.signal("TERM");
        }
        for member in self.members {
            let told = member.told();
            let ended = member.process.wait(limit).await;
            ensure!(ended, "{} did not end in good order: {told}", member.name);
        }
        Ok(())
    }
}

impl Member {
    /// Under which identity it works; none before it has registered.
    pub fn worker(&self) -> Option<WorkerId> {
        let lines = BufReader::new(fs::File::open(&self.history).ok()?).lines();
        // The first runs may be quicker than the word that the pool has started.
        lines.take(1_000).find_map(|line| match line.ok()?.split_once(' ')?.1.parse() {
            Ok(Word::Worker { worker }) => Some(worker),
            _ => None,
        })
    }

    /// What it said to its standard error.
    pub fn told(&self) -> String {
        fs::read_to_string(self.history.with_extension("told")).unwrap_or_default()
    }

    /// Waits until it has registered.
    ///
    /// # Errors
    /// When it has not within the limit.
    pub async fn ready(&self, limit: Duration) -> Result<WorkerId> {
        let begin = std::time::Instant::now();
        loop {
            if let Some(worker) = self.worker() {
                return Ok(worker);
            }
            let late = || format!("{} did not register: {}", self.name, self.told());
            (begin.elapsed() < limit).then_some(()).with_context(late)?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
