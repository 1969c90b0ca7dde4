//! `tireless work QUEUE.. --exec CMD`: a worker for programs in any language.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tireless::{Adoption, Backend, Backoff, QueueName, shutdown_signal};

use crate::args::{address, duration, lease, queue, some_duration};
use crate::drain::{Drain, Drained};
use crate::exit::{Outcome, Stop};
use crate::health::Endpoint;
use crate::output::Output;
use crate::pool::{Did, ExecArgs, policy, pool};

/// The longest time between two signs of life.
const LONGEST_BEAT: Duration = Duration::from_secs(5);

const AFTER_HELP: &str = "\
A task may run more than once: when its worker dies, or its lease is lost, another worker runs it \
again. Make the command idempotent; TIRELESS_TASK_ID is the same in all its runs.
Commands end with the worker, even if it is killed: a guard process ends their process groups. \
Only a process that leaves its group (setsid) escapes.
SIGTERM and Ctrl-C stop the worker gracefully: it takes nothing more, waits for what runs up to \
--shutdown-timeout, then ends it and gives it back uncharged.";

/// What is worked off, and how.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The queues, in the order of their importance
    #[arg(required_unless_present = "adopt", value_parser = queue)]
    queues: Vec<QueueName>,
    /// What is run
    #[command(flatten)]
    exec: ExecArgs,
    /// Tries after the first one; then the task is dead
    #[arg(long, value_name = "N", default_value_t = 10)]
    retries: u32,
    /// Base of the backoff: doubled after each failure, up to an hour
    #[arg(
        long, value_name = "DURATION", default_value = "2s", value_parser = duration,
        conflicts_with = "adopt"
    )]
    retry_delay: Duration,
    /// How long this worker is believed alive without a sign of life
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = lease)]
    lease: Duration,
    /// How long running tasks may take when the worker is told to stop
    #[arg(long, value_name = "DURATION", default_value = "25s", value_parser = duration)]
    shutdown_timeout: Duration,
    /// Stop when nothing is ready, running, scheduled or to be retried, here or elsewhere; exit
    /// code 1 if a task died or a queue is paused
    #[arg(long)]
    drain: bool,
    /// Also take raw bodies that other programs LPUSH into the queues' inboxes
    #[arg(long)]
    inbox: bool,
    /// Tell at this address over HTTP how the worker fares: GET /live and GET /ready answer 200, or
    /// 503 and which loop is silent
    #[arg(long, value_name = "IP:PORT", value_parser = address)]
    health: Option<SocketAddr>,
    /// Let --health listen where other machines can reach it
    #[arg(long, requires = "health")]
    health_public: bool,
    /// Take tasks from an existing plain list instead, which others LPUSH bodies to
    #[arg(long, value_name = "LIST", requires = "failed_set", conflicts_with_all = ["queues", "inbox"])]
    adopt: Option<String>,
    /// The plain set in which the failed bodies of --adopt are kept
    #[arg(long, value_name = "SET", requires = "adopt")]
    failed_set: Option<String>,
    /// How long a failed body stays in --failed-set before it goes back to the list; also how often
    /// members that others put there go back
    #[arg(
        long, value_name = "DURATION", default_value = "60s", value_parser = some_duration,
        requires = "adopt"
    )]
    requeue_every: Duration,
}

/// Why the pool was told to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    Signal,
    Drained(Drained),
}

impl Args {
    /// The plain keys to adopt, and the queue that stands for them.
    pub(crate) fn adopted(&self) -> Outcome<Option<(QueueName, Adoption)>> {
        let (Some(list), Some(set)) = (&self.adopt, &self.failed_set) else { return Ok(None) };
        for (flag, key) in [("--adopt", list), ("--failed-set", set)] {
            if key.is_empty() {
                return Err(Stop::usage(format!("{flag} needs the name of a key")));
            }
        }
        if list == set {
            return Err(Stop::usage("--adopt and --failed-set name the same key"));
        }
        let adoption = Adoption {
            list: list.clone().into(),
            failed_set: set.clone().into(),
            sweep_every: self.requeue_every,
        };
        Ok(Some((adopted_name(list)?, adoption)))
    }

    /// The address at which health is told, taken.
    pub(crate) async fn health(&self) -> Outcome<Option<Endpoint>> {
        let Some(address) = self.health else { return Ok(None) };
        if !address.ip().to_canonical().is_loopback() && !self.health_public {
            return Err(Stop::usage(format!(
                "--health {address} can be reached from other machines; give 127.0.0.1:PORT, or \
                 --health-public if that is meant"
            )));
        }
        Endpoint::bind(address).await.map(Some)
    }

    fn queues(&self) -> tireless::Result<Vec<QueueName>> {
        match &self.adopt {
            Some(list) => Ok(vec![adopted_name(list)?]),
            None => Ok(self.queues.clone()),
        }
    }
}

/// A list's name is free, a queue's is not.
fn adopted_name(list: &str) -> tireless::Result<QueueName> {
    QueueName::new(list).or_else(|_| QueueName::new("adopted"))
}

/// Works until it is told to stop, or until the queues are drained.
pub(crate) async fn run(
    args: Args,
    health: Option<Endpoint>,
    broker: Arc<dyn Backend>,
    out: Output,
) -> Outcome {
    let queues = args.queues()?;
    let inbox = args.inbox || args.adopt.is_some();
    let exec = args.exec.start(out.json)?;
    let mut policy = policy(args.retries, args.retry_delay, &exec);
    if args.adopt.is_some() {
        policy.backoff = Backoff::fixed(args.requeue_every);
    }
    let died_before = died(broker.as_ref(), &queues).await?;
    let pool = pool(broker.clone(), &queues, inbox, policy, exec)
        .concurrency(args.exec.concurrency.get())
        .lease(args.lease)
        .beat((args.lease / 3).min(LONGEST_BEAT))
        .shutdown_timeout(args.shutdown_timeout);
    let why = Arc::new(OnceLock::new());
    let until = until(broker.clone(), queues.clone(), args.drain, inbox, why.clone());
    let running = pool.start().await?;
    // Told until the very end: a worker that stops is alive, and not ready.
    let _told = health.map(|endpoint| endpoint.serve(running.health_watch()));
    until.await;
    let summary = running.shutdown().await;
    if !args.drain {
        return out.json(&Did::new(&summary, 0));
    }
    let died = died(broker.as_ref(), &queues).await?.saturating_sub(died_before);
    let did = Did::new(&summary, died);
    out.json(&did)?;
    match why.get() {
        Some(Why::Drained(Drained::Paused(queue))) => Err(Stop::failed(format!(
            "{queue} is paused, so it cannot be drained; tireless resume {queue} ends the pause"
        ))),
        Some(Why::Drained(Drained::Empty)) if did.died() > 0 => Err(Stop::failed(format!(
            "{} tasks died; tireless ls QUEUE dead lists them",
            did.died()
        ))),
        Some(Why::Drained(Drained::Empty)) => Ok(()),
        _ => Err(Stop::failed("stopped before the queues were empty")),
    }
}

async fn until(
    broker: Arc<dyn Backend>,
    queues: Vec<QueueName>,
    drain: bool,
    inbox: bool,
    why: Arc<OnceLock<Why>>,
) {
    let drained = async {
        if drain {
            Drain::new(broker.as_ref(), &queues, inbox).ended().await
        } else {
            std::future::pending().await
        }
    };
    let reason = tokio::select! {
        () = shutdown_signal() => Why::Signal,
        drained = drained => Why::Drained(drained),
    };
    let _ = why.set(reason);
}

/// Tasks that died so far, dropped ones included, and not requeued or removed since.
async fn died(broker: &dyn Backend, queues: &[QueueName]) -> tireless::Result<u64> {
    let mut died = 0;
    for queue in queues {
        let counts = broker.counts(queue).await?;
        died += counts.dead + counts.dropped;
    }
    Ok(died)
}
