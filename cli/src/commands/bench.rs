//! `tireless bench`: measures a broker with tasks that do nothing, in a queue of its own.

use std::sync::Arc;
use std::time::Duration;

use tireless::broker::BarePush;
use tireless::limits::{BODY_BYTES, TASKS_PER_CALL};
use tireless::{Backend, ErrorKind, QueueName, ServerStats, State, TaskId};
use tokio::task::JoinSet;

use crate::exit::{Outcome, Stop};
use crate::output::Output;
use crate::signals::asked_to_stop;

mod answer;
mod drain;
mod pick_up;
mod push;
mod steady;

use answer::{Answer, Figures, rounded};
use drain::Drained;
use pick_up::PickUp;
use push::Load;
use steady::Steady;

const AFTER_HELP: &str = "\
Rates are tasks a second. Pushing is measured one at a time, with --producers callers of one \
producer at once, and in batches with two calls under way; draining with one pool in this process. \
In the steady state a batch comes each millisecond, half as many tasks as pushing and draining could \
do side by side. How soon they start, and how soon an idle pool picks one up, is from the start of the \
push to the start of the handler. BARE is what plain commands with none of the care come to in the same \
run, and RATIO how many times that was measured. Server figures are of the whole server: nothing else \
should use it meanwhile.";

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
    /// How often all is measured; the figures are medians
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
}

/// Measures, prints, and leaves no task behind.
pub(crate) async fn run(args: Args, broker: Arc<dyn Backend>, out: Output) -> Outcome {
    let queue = QueueName::new(format!("bench-{}", TaskId::new()))?;
    let measured = beside_others(args.clone(), broker.clone(), queue.clone()).await;
    let removed = tokio::select! {
        removed = remove(broker.as_ref(), &queue) => removed,
        () = asked_to_stop() => Err(Stop::failed(format!(
            "stopped while the queue {queue} was cleared away: `tireless purge` takes the rest"
        ))),
    };
    let answer = Answer::of(&args, measured?);
    out.json(&answer)?;
    answer.print(out)?;
    removed
}

/// Measures in a task of the runtime, as servers push and handlers run: to wake `main` takes longer,
/// which would flatter all that is measured against bare commands.
async fn beside_others(
    args: Args,
    broker: Arc<dyn Backend>,
    queue: QueueName,
) -> Outcome<Vec<Figures>> {
    let mut measuring = JoinSet::new();
    measuring.spawn(async move {
        let mut rounds = Vec::with_capacity(usize::from(args.rounds));
        for _ in 0..args.rounds {
            rounds.push(measure(&args, &broker, &queue).await?);
        }
        Ok(rounds)
    });
    let measured = tokio::select! {
        ended = measuring.join_next() => match ended {
            Some(Ok(measured)) => measured,
            Some(Err(error)) => Err(Stop::Failed(error.into())),
            None => Err(Stop::failed("nothing was measured")),
        },
        () = asked_to_stop() => Err(Stop::failed("stopped before all was measured")),
    };
    measuring.shutdown().await;
    measured
}

/// One round: each figure, and right beside it what bare commands come to.
async fn measure(args: &Args, broker: &Arc<dyn Backend>, queue: &QueueName) -> Outcome<Figures> {
    let load = Load::new(broker.clone(), queue.clone(), args.body_bytes as usize)?;
    let mut figures = Figures::default();
    measure_pushes(args, broker, queue, &load, &mut figures).await?;
    let concurrency = usize::from(args.concurrency);
    let drained = Drained::measure(broker, queue, args.tasks, concurrency).await?;
    figures.drain_per_s = Some(rounded(drained.per_s));
    figures.worker_cpu_us_per_task = Some(rounded(drained.worker_cpu_us));
    figures.server_cpu_us_per_task = drained.server_cpu_us;
    figures.commands_per_task = drained.commands;
    let limit = broker.drain_limit(args.tasks, args.body_bytes as usize).await?;
    figures.limit_drain_per_s = limit.map(|limit| rounded(limit.per_second));
    figures.limit_server_cpu_us_per_task =
        limit.and_then(|limit| per_task(Some(0), limit.server_cpu_us, args.tasks));
    let rate = figures.push_batch_per_s.map_or(0.0, |push| steady::half(push, drained.per_s));
    let steady = Steady::measure(broker, queue, &load, concurrency, rate).await?;
    figures.steady_per_s = Some(rounded(steady.per_s));
    figures.steady_p50_us = Some(steady.start.p50_us);
    figures.steady_p99_us = Some(steady.start.p99_us);
    // A task that nobody waited for may be left.
    remove(broker.as_ref(), queue).await?;
    let pick_up = PickUp::measure(broker, queue, &load, concurrency).await?;
    figures.pickup_p50_us = Some(pick_up.p50_us);
    figures.pickup_p99_us = Some(pick_up.p99_us);
    let bare = PickUp::bare(broker.as_ref()).await?;
    figures.limit_pickup_p50_us = bare.as_ref().map(|bare| bare.p50_us);
    figures.limit_pickup_p99_us = bare.as_ref().map(|bare| bare.p99_us);
    Ok(figures)
}

/// Pushes, and leaves those of the last stage in the queue.
async fn measure_pushes(
    args: &Args,
    broker: &Arc<dyn Backend>,
    queue: &QueueName,
    load: &Load,
    figures: &mut Figures,
) -> Outcome {
    let bare = |callers: u16, batch, time| BarePush {
        body_bytes: args.body_bytes as usize,
        callers: usize::from(callers),
        batch,
        time,
    };
    let batch = load.fits(usize::from(args.batch));
    let limit = |bare: BarePush| async move {
        match broker.push_limit(&bare).await {
            Ok(limit) => Ok(limit.map(rounded)),
            // A small server has no room for it: the other figures count without.
            Err(error) if error.kind() == ErrorKind::OutOfMemory => Ok(None),
            Err(error) => Err(error),
        }
    };
    figures.limit_push_one_per_s = limit(bare(1, 1, push::TIME)).await?;
    figures.push_one_per_s = Some(rounded(load.one_by_one(1).await?));
    remove(broker.as_ref(), queue).await?;
    figures.limit_push_64_per_s = limit(bare(args.producers, 1, push::TIME)).await?;
    figures.push_64_per_s = Some(rounded(load.one_by_one(args.producers).await?));
    remove(broker.as_ref(), queue).await?;
    figures.limit_push_batch_per_s =
        limit(bare(push::AT_ONCE as u16, batch, push::BARE_BATCHES)).await?;
    let before = at_rest(broker.as_ref()).await?;
    figures.push_batch_per_s = Some(rounded(load.in_batches(args.tasks, batch).await?));
    let after = broker.server().await?;
    figures.memory_bytes_per_task = per_task(before.memory_bytes, after.memory_bytes, args.tasks);
    Ok(())
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
