//! `tireless work QUEUE.. --exec CMD`: a worker for programs in any language.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tireless::{Adoption, Backend, Backoff, QueueName};

use crate::adopt::Adopt;
use crate::args::{address, duration, lease, queue, some_duration};
use crate::drain::{Drain, Drained};
use crate::exit::{Outcome, Stop};
use crate::health::Endpoint;
use crate::output::{Output, counted};
use crate::pool::{Did, ExecArgs, policy, pool};
use crate::signals::asked_to_stop;

/// The longest time between two signs of life.
const LONGEST_BEAT: Duration = Duration::from_secs(5);

const AFTER_HELP: &str = "\
A task may run more than once: when its worker dies, or its lease is lost, another worker runs it \
again. Make the command idempotent; TIRELESS_TASK_ID is the same in all its runs, except with --adopt.
Commands end with the worker, even if it is killed: a guard process ends their process groups. \
Only a process that leaves its group (setsid) escapes.
SIGTERM and Ctrl-C stop the worker gracefully: it takes nothing more, waits for what runs up to \
--shutdown-timeout, then ends it and gives it back uncharged.";

/// What is worked off, and how.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The queues, in the order of their importance
    #[arg(required_unless_present = "adopt", conflicts_with = "adopt", value_parser = queue)]
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
    #[arg(long, conflicts_with = "adopt")]
    inbox: bool,
    /// Tell at this address over HTTP how the worker fares: GET /live and GET /ready answer 200, or
    /// 503 and which loop is silent
    #[arg(long, value_name = "IP:PORT", value_parser = address)]
    health: Option<SocketAddr>,
    /// Let --health listen where other machines can reach it
    #[arg(long, requires = "health")]
    health_public: bool,
    /// A plain list instead
    #[command(flatten)]
    adopt: Adopt,
    /// How long a failed body stays in --failed-set before it goes back to the list; also how often
    /// members that others put there go back
    #[arg(
        long, value_name = "DURATION", default_value = "60s", value_parser = some_duration,
        requires = "adopt"
    )]
    requeue_every: Duration,
}

/// Why the pool was told to stop.
#[derive(Debug)]
enum Why {
    Signal,
    /// Nobody reads what the commands write; what to say about it.
    Unread(String),
    Drained(Drained),
}

impl Args {
    /// The plain keys to adopt, and the queue that stands for them.
    pub(crate) fn adopted(&self) -> Outcome<Option<(QueueName, Adoption)>> {
        self.adopt.keys_swept(self.requeue_every)
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
}

/// Works until it is told to stop, or until the queues are drained.
pub(crate) async fn run(
    args: Args,
    health: Option<Endpoint>,
    broker: Arc<dyn Backend>,
    out: Output,
) -> Outcome {
    let adopts = args.adopt.queue()?.is_some();
    let queues = args.adopt.or_queues(&args.queues)?;
    let inbox = args.inbox || adopts;
    let exec = args.exec.start(out.json)?;
    let mut policy = policy(args.retries, args.retry_delay, &exec);
    if adopts {
        policy.backoff = Backoff::fixed(args.requeue_every);
    }
    // Asked for without need it would keep a pool from starting beside a damaged queue.
    let died_before = if args.drain { died(broker.as_ref(), &queues).await? } else { 0 };
    let pool = pool(broker.clone(), &queues, inbox, policy, exec.clone())
        .concurrency(args.exec.concurrency.get())
        .lease(args.lease)
        .beat((args.lease / 3).min(LONGEST_BEAT))
        .shutdown_timeout(args.shutdown_timeout);
    let drained = drained(broker.clone(), queues.clone(), args.drain, inbox);
    let running = pool.start().await?;
    // Told until the very end: a worker that stops is alive, and not ready.
    let _told = health.map(|endpoint| endpoint.serve(running.health_watch()));
    let why = tokio::select! {
        () = asked_to_stop() => Why::Signal,
        unread = exec.missed_reader() => Why::Unread(unread),
        drained = drained => Why::Drained(drained),
    };
    let summary = running.shutdown().await;
    let died_now = if args.drain { died(broker.as_ref(), &queues).await? } else { 0 };
    let did = Did::new(&summary, &exec, died_now.saturating_sub(died_before));
    let written = out.json(&did);
    // What became of the work decides, whether or not anybody reads of it.
    match why {
        Why::Unread(text) => Err(Stop::failed(text)),
        Why::Signal if !args.drain => written,
        Why::Signal => Err(Stop::failed("stopped before the queues were empty")),
        Why::Drained(Drained::Paused(queue)) => {
            let place = args.adopt.words().unwrap_or_else(|| queue.to_string());
            Err(Stop::failed(format!(
                "{queue} is paused, so it cannot be drained; tireless resume {place} ends the pause"
            )))
        }
        Why::Drained(Drained::Empty) if did.died() > 0 => {
            let place = args.adopt.words().unwrap_or_else(|| match queues.as_slice() {
                [queue] => queue.to_string(),
                _ => "QUEUE".to_owned(),
            });
            let died = counted(did.died(), "task");
            Err(Stop::failed(format!("{died} died; tireless ls {place} dead lists what is dead")))
        }
        Why::Drained(Drained::Empty) => written,
    }
}

/// Ends when the queues are drained, if that is asked for.
async fn drained(
    broker: Arc<dyn Backend>,
    queues: Vec<QueueName>,
    drain: bool,
    inbox: bool,
) -> Drained {
    if drain {
        Drain::new(broker.as_ref(), &queues, inbox).ended().await
    } else {
        std::future::pending().await
    }
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
