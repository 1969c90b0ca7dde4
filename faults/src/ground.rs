//! The ground of a fault: a server of its own, a queue on it, and the folder of the histories.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use redis::Value;
use tireless::{
    Backend, Client, ConnectOptions, Counts, Envelope, List, Namespace, QueueName, State, WorkerId,
    connect_with,
};
use tireless_testkit::server::{TestServer, TestServerBuilder};
use tireless_tests::Raw;

use crate::broken;
use crate::checker::{self, Findings, Left};
use crate::excuse::Excuse;
use crate::fault::Run;
use crate::history::{self, Pen};

const NAMESPACE: &str = "faults";

/// A key of a queue, for hands past the broker.
pub fn key(queue: &QueueName, part: &str) -> String {
    format!("tireless:{{{NAMESPACE}/{queue}/0}}:{part}")
}

/// Where a fault takes place. Its folder goes with it.
#[derive(Debug)]
pub struct Ground {
    /// The server, which the fault may ill-treat.
    pub server: TestServer,
    /// A true broker, for looking.
    pub broker: Arc<dyn Backend>,
    /// The broker of the producers, which may be a broken one.
    pub producing: Arc<dyn Backend>,
    /// The queue.
    pub queue: QueueName,
    /// What a worker process is told.
    pub place: Place,
}

/// What another process needs to know to work here.
#[derive(Clone, Debug)]
pub struct Place {
    /// The server's URL.
    pub url: String,
    /// The client library.
    pub client: Client,
    /// The namespace.
    pub namespace: Namespace,
    /// The queue.
    pub queue: QueueName,
    /// Where histories are written.
    pub dir: PathBuf,
    /// The worker's program.
    pub program: PathBuf,
    /// The broken broker, if one is asked for.
    pub broken: Option<&'static str>,
}

impl Place {
    /// The file of a process's history.
    pub fn history(&self, process: &str) -> PathBuf {
        self.dir.join(format!("{process}.history"))
    }
}

impl Ground {
    /// Starts the server and connects.
    ///
    /// # Errors
    /// When there is no server, or no folder can be made.
    pub async fn open(run: &Run, server: TestServerBuilder) -> Result<Self> {
        let server = server.start()?;
        let dir = std::env::temp_dir().join(format!("tireless-fault-{}", WorkerId::new()));
        fs::create_dir_all(&dir)?;
        let place = Place {
            url: server.url(),
            client: run.client,
            namespace: NAMESPACE.parse()?,
            queue: "fault".parse()?,
            dir,
            program: run.worker.clone(),
            broken: run.broken,
        };
        let broker = place.connect().await?;
        let producing = broken::over(run.broken, place.connect().await?, &place.url).await?;
        Ok(Self { server, broker, producing, queue: place.queue.clone(), place })
    }

    /// Opens the history of a process.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn pen(&self, process: &str) -> Result<Pen> {
        Pen::open(&self.place.history(process))
    }

    /// A hand past the broker.
    pub async fn raw(&self) -> Raw {
        Raw::connect(&self.server.url()).await
    }

    /// How much of everything the queue holds.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn counts(&self) -> Result<Counts> {
        Ok(self.broker.counts(&self.queue).await?)
    }

    /// Waits until nothing is left to do; whether that came within the limit.
    pub async fn drain(&self, limit: Duration) -> bool {
        let begin = Instant::now();
        while begin.elapsed() < limit {
            if let Ok(counts) = self.counts().await
                && counts.ready + counts.running + counts.scheduled + counts.failed == 0
            {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    /// How many entries the keys of tasks hold, which are empty when nothing is left to do (B12).
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn left_behind(&self) -> Result<i64> {
        let mut raw = self.raw().await;
        let mut left = i64::try_from(self.counts().await?.kept)?;
        for part in ["tasks", "history", "failures", "names"] {
            let key = key(&self.queue, part);
            if let Value::Int(entries) = raw.try_command(&[b"HLEN", key.as_bytes()]).await? {
                left += entries;
            }
        }
        Ok(left)
    }

    /// For how long to wait for the end: a broken broker may never come to one.
    pub fn patience(&self, limit: Duration) -> Duration {
        if self.place.broken.is_some() { limit.min(Duration::from_secs(40)) } else { limit }
    }

    /// Reads what the queue still holds and all histories, and checks them.
    ///
    /// # Errors
    /// When the server does not answer, or a history cannot be read.
    pub async fn check(&self, excuses: &[Excuse]) -> Result<Findings> {
        let mut left = Left { dead: self.numbers(State::Dead).await?, ..Left::default() };
        for state in [State::Ready, State::Running, State::Scheduled, State::Failed] {
            left.waiting.extend(self.numbers(state).await?);
        }
        let histories = history::read_all(&self.place.dir)?;
        Ok(checker::check(&histories, &left, excuses))
    }

    /// The numbers of all tasks of a state.
    async fn numbers(&self, state: State) -> Result<Vec<u64>> {
        let mut numbers = Vec::new();
        let mut list = List { queue: self.queue.clone(), state, cursor: 0, limit: 1_000 };
        loop {
            let page = self.broker.list(&list).await?;
            for task in &page.tasks {
                let envelope = Envelope::decode(&task.envelope).context("a task's envelope")?;
                numbers.push(number(&envelope.body)?);
            }
            match page.next {
                Some(next) => list.cursor = next,
                None => return Ok(numbers),
            }
        }
    }
}

impl Place {
    /// Connects as the place says, to the true broker.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn connect(&self) -> Result<Arc<dyn Backend>> {
        let mut options = ConnectOptions::default();
        options.client = Some(self.client);
        options.namespace = self.namespace.clone();
        Ok(connect_with(&self.url, options).await?)
    }
}

/// The number that begins a body.
///
/// # Errors
/// When there is none.
pub fn number(body: &[u8]) -> Result<u64> {
    let text = std::str::from_utf8(body)?;
    let word = text.split(' ').next().unwrap_or_default();
    word.parse().with_context(|| format!("a body without a number: {text}"))
}

/// The folder in which a server keeps its data.
pub fn data_dir(server: &TestServer) -> Result<PathBuf> {
    server.socket().parent().map(Path::to_owned).context("a socket in a folder")
}

impl Drop for Ground {
    fn drop(&mut self) {
        if std::env::var_os("TIRELESS_KEEP_HISTORIES").is_some() {
            eprintln!("histories: {}", self.place.dir.display());
        } else {
            let _ = fs::remove_dir_all(&self.place.dir);
        }
    }
}
