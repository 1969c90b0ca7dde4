//! `tireless bench`: measures a broker with tasks that do nothing, in a queue of its own.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tireless::limits::{BODY_BYTES, TASKS_PER_CALL};
use tireless::{Backend, QueueName, ServerStats, State, TaskId, shutdown_signal};
use tokio::task::JoinSet;

use crate::exit::{Outcome, Stop};
use crate::output::{Output, table};

mod drain;
mod pick_up;
mod push;
mod steady;

use drain::Drained;
use pick_up::PickUp;
use push::Load;
use steady::Steady;

const AFTER_HELP: &str = "\
Rates are tasks a second. Pushing is measured one at a time, with --producers callers of one \
producer at once, and in batches with two calls under way; draining with one pool in this process. \
In the steady state a batch comes each millisecond, half as many tasks as pushing and draining could \
do side by side. How soon they start, and how soon an idle pool picks one up, is from the start of the \
push to the start of the handler. `at most` and `at least` are what bare commands come to in the same \
run. Server figures are of the whole server: nothing else should use it meanwhile.";

/// How often the queue is cleared away, and how long between: a pool that was stopped gives back first
/// what it holds, and calls that were under way still arrive.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(250);

/// How much of everything.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Tasks that are pushed in batches and drained
    #[arg(long, value_name = "N", default_value_t = 100_000,
          value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    tasks: u64,
    /// Bytes of each body
    #[arg(long, value_name = "N", default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(..=BODY_BYTES as i64))]
    body_bytes: u32,
    /// Tasks of a batch
    #[arg(long, value_name = "N", default_value_t = 1_000,
          value_parser = clap::value_parser!(u16).range(1..=TASKS_PER_CALL as i64))]
    batch: u16,
    /// Callers of one producer that push one task at a time, side by side
    #[arg(long, value_name = "N", default_value_t = 64,
          value_parser = clap::value_parser!(u16).range(1..))]
    producers: u16,
    /// Slots of the pool
    #[arg(long, value_name = "N", default_value_t = 100,
          value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
}

#[derive(Default, Serialize)]
struct Answer {
    tasks: u64,
    body_bytes: u32,
    push_one_per_s: Option<f64>,
    limit_push_one_per_s: Option<f64>,
    push_64_per_s: Option<f64>,
    push_batch_per_s: Option<f64>,
    drain_per_s: Option<f64>,
    steady_per_s: Option<f64>,
    steady_p50_us: Option<f64>,
    steady_p99_us: Option<f64>,
    pickup_p50_us: Option<f64>,
    pickup_p99_us: Option<f64>,
    limit_pickup_p50_us: Option<f64>,
    limit_pickup_p99_us: Option<f64>,
    worker_cpu_us_per_task: Option<f64>,
    server_cpu_us_per_task: Option<f64>,
    commands_per_task: Option<f64>,
    memory_bytes_per_task: Option<f64>,
    limit_drain_per_s: Option<f64>,
    limit_server_cpu_us_per_task: Option<f64>,
}

/// Measures, prints, and leaves no task behind.
pub(crate) async fn run(args: Args, broker: Arc<dyn Backend>, out: Output) -> Outcome {
    let queue = QueueName::new(format!("bench-{}", TaskId::new()))?;
    let measured = beside_others(args.clone(), broker.clone(), queue.clone()).await;
    let removed = remove(broker.as_ref(), &queue).await;
    let answer = measured?;
    out.json(&answer)?;
    print(&answer, &args, out)?;
    removed
}

/// Measures in a task of the runtime, as servers push and handlers run: to wake `main` takes longer,
/// which would flatter all that is measured against bare commands.
async fn beside_others(args: Args, broker: Arc<dyn Backend>, queue: QueueName) -> Outcome<Answer> {
    let mut measuring = JoinSet::new();
    measuring.spawn(async move { measure(&args, &broker, &queue).await });
    let measured = tokio::select! {
        ended = measuring.join_next() => match ended {
            Some(Ok(measured)) => measured,
            Some(Err(error)) => Err(Stop::Failed(error.into())),
            None => Err(Stop::failed("nothing was measured")),
        },
        () = shutdown_signal() => Err(Stop::failed("stopped before all was measured")),
    };
    measuring.shutdown().await;
    measured
}

async fn measure(args: &Args, broker: &Arc<dyn Backend>, queue: &QueueName) -> Outcome<Answer> {
    let load = Load::new(broker.clone(), queue.clone(), args.body_bytes as usize)?;
    let limit_push_one = broker.push_limit(args.body_bytes as usize, push::TIME).await?;
    let push_one = load.one_by_one(1).await?;
    remove(broker.as_ref(), queue).await?;
    let push_many = load.one_by_one(args.producers).await?;
    remove(broker.as_ref(), queue).await?;
    let before = at_rest(broker.as_ref()).await?;
    let push_batch = load.in_batches(args.tasks, load.fits(usize::from(args.batch))).await?;
    let after = broker.server().await?;
    let bytes = per_task(before.memory_bytes, after.memory_bytes, args.tasks);
    let concurrency = usize::from(args.concurrency);
    let drained = Drained::measure(broker, queue, args.tasks, concurrency).await?;
    let rate = steady::half(push_batch, drained.per_s);
    let steady = Steady::measure(broker, queue, &load, concurrency, rate).await?;
    // A task that nobody waited for may be left.
    remove(broker.as_ref(), queue).await?;
    let pick_up = PickUp::measure(broker, queue, &load, concurrency).await?;
    let bare = PickUp::bare(broker.as_ref()).await?;
    let limit = broker.drain_limit(args.tasks, args.body_bytes as usize).await?;
    Ok(Answer {
        tasks: args.tasks,
        body_bytes: args.body_bytes,
        push_one_per_s: Some(rounded(push_one)),
        limit_push_one_per_s: limit_push_one.map(rounded),
        push_64_per_s: Some(rounded(push_many)),
        push_batch_per_s: Some(rounded(push_batch)),
        drain_per_s: Some(rounded(drained.per_s)),
        steady_per_s: Some(rounded(steady.per_s)),
        steady_p50_us: Some(steady.start.p50_us),
        steady_p99_us: Some(steady.start.p99_us),
        pickup_p50_us: Some(pick_up.p50_us),
        pickup_p99_us: Some(pick_up.p99_us),
        limit_pickup_p50_us: bare.as_ref().map(|bare| bare.p50_us),
        limit_pickup_p99_us: bare.as_ref().map(|bare| bare.p99_us),
        worker_cpu_us_per_task: Some(rounded(drained.worker_cpu_us)),
        server_cpu_us_per_task: drained.server_cpu_us,
        commands_per_task: drained.commands,
        memory_bytes_per_task: bytes,
        limit_drain_per_s: limit.map(|limit| rounded(limit.per_second)),
        limit_server_cpu_us_per_task: limit
            .and_then(|limit| per_task(Some(0), limit.server_cpu_us, args.tasks)),
    })
}

/// What the server tells once it has freed what was removed, which it does beside its work.
async fn at_rest(broker: &dyn Backend) -> Outcome<ServerStats> {
    let mut last = broker.server().await?;
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = broker.server().await?;
        if now.memory_bytes >= last.memory_bytes {
            return Ok(now);
        }
        last = now;
    }
    Ok(last)
}

/// What a counter of the server rose by, a task; `None` where it has no such counter.
fn per_task(before: Option<u64>, after: Option<u64>, tasks: u64) -> Option<f64> {
    let rise = after?.saturating_sub(before?);
    Some(rounded(rise as f64 / tasks as f64))
}

/// Three places after the point are more than any measurement here is worth.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// Removes all that a stage has left in the queue.
async fn remove(broker: &dyn Backend, queue: &QueueName) -> Outcome {
    for _ in 0..TRIES {
        for state in [State::Ready, State::Scheduled, State::Failed, State::Dead] {
            while broker.purge(queue, state, TASKS_PER_CALL).await?.more {}
        }
        if broker.discard(queue).await? {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(Stop::failed(format!(
        "the queue {queue} is still in use: `tireless purge` takes its tasks away"
    )))
}

fn print(answer: &Answer, args: &Args, out: Output) -> Outcome {
    let many = format!("push, {} callers", args.producers);
    let batches = format!("push, batches of {}", args.batch);
    let lines = [
        ("push, one by one", answer.push_one_per_s, "tasks/s"),
        ("push, one by one, at most", answer.limit_push_one_per_s, "tasks/s"),
        (many.as_str(), answer.push_64_per_s, "tasks/s"),
        (batches.as_str(), answer.push_batch_per_s, "tasks/s"),
        ("drain", answer.drain_per_s, "tasks/s"),
        ("drain, at most", answer.limit_drain_per_s, "tasks/s"),
        ("steady, at half of both", answer.steady_per_s, "tasks/s"),
        ("steady, median", answer.steady_p50_us, "us"),
        ("steady, 99th of 100", answer.steady_p99_us, "us"),
        ("pick-up, median", answer.pickup_p50_us, "us"),
        ("pick-up, median, at least", answer.limit_pickup_p50_us, "us"),
        ("pick-up, 99th of 100", answer.pickup_p99_us, "us"),
        ("pick-up, 99th, at least", answer.limit_pickup_p99_us, "us"),
        ("worker's processor", answer.worker_cpu_us_per_task, "us/task"),
        ("server's processor", answer.server_cpu_us_per_task, "us/task"),
        ("server's processor, at least", answer.limit_server_cpu_us_per_task, "us/task"),
        ("commands", answer.commands_per_task, "/task"),
        ("memory, waiting", answer.memory_bytes_per_task, "bytes/task"),
    ];
    let mut shown = table(&["MEASURED", "", ""]);
    for (name, value, unit) in lines {
        let Some(value) = value else { continue };
        let value = if value < 100.0 { format!("{value:.2}") } else { format!("{value:.0}") };
        let value = comfy_table::Cell::new(value);
        let value = value.set_alignment(comfy_table::CellAlignment::Right);
        shown.add_row(vec![name.into(), value, unit.into()]);
    }
    out.line(format!("{} tasks of {} bytes", answer.tasks, answer.body_bytes))?;
    out.table(&shown)
}
