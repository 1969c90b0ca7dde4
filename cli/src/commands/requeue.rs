//! `tireless requeue QUEUE [ID.. | --failed | --dead]`: another chance for tasks.

use serde::Serialize;
use tireless::limits::TASKS_PER_CALL;
use tireless::{Backend, QueueName, Selection, State, TaskId};

use super::purge::held;
use crate::adopt::Adopt;
use crate::args;
use crate::confirm::{Reach, confirm};
use crate::exit::{Outcome, Stop};
use crate::output::{Output, note, progress};

/// Which tasks.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "tireless requeue [OPTIONS] <QUEUE|--adopt LIST> <ID..|--failed|--dead>"
)]
#[command(group(clap::ArgGroup::new("which")))]
pub(crate) struct Args {
    /// The queue
    #[arg(value_parser = args::queue, required_unless_present = "adopt")]
    queue: Option<QueueName>,
    /// The tasks, failed or dead ones
    #[arg(group = "which", required_unless_present_any = ["failed", "dead", "adopt"])]
    ids: Vec<TaskId>,
    /// All that wait for their next attempt
    #[arg(long, group = "which")]
    failed: bool,
    /// All that are dead
    #[arg(long, group = "which")]
    dead: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// A plain list instead
    #[command(flatten)]
    pub(crate) adopt: Adopt,
}

#[derive(Serialize)]
struct Answer<'a> {
    queue: &'a str,
    requeued: u64,
}

/// Makes them ready again.
pub(crate) async fn run(args: Args, broker: &dyn Backend, out: Output) -> Outcome {
    let all = args.failed || args.dead;
    let (queue, ids) = args.adopt.shifted(args.queue, args.ids, args::task)?;
    if ids.is_empty() != all {
        return Err(Stop::usage("name the tasks to requeue, or say --failed or --dead for all"));
    }
    let queue = &queue;
    let requeued = if all {
        let state = if args.dead { State::Dead } else { State::Failed };
        sweep(queue, state, args.yes, broker).await?
    } else {
        named(queue, &ids, args.yes, broker).await?
    };
    out.json(&Answer { queue: queue.as_str(), requeued })?;
    out.line(format!("requeued {requeued} tasks of {queue}"))?;
    let others = if all { 0 } else { (ids.len() as u64).saturating_sub(requeued) };
    if others > 0 {
        note(format!("{others} of the named tasks are neither failed nor dead: left alone"));
        return Err(Stop::Said);
    }
    Ok(())
}

async fn named(queue: &QueueName, ids: &[TaskId], yes: bool, broker: &dyn Backend) -> Outcome<u64> {
    confirm(&format!("Requeue {} tasks of {queue}?", ids.len()), Reach::Named, yes)?;
    let mut requeued = 0;
    for ids in ids.chunks(TASKS_PER_CALL) {
        requeued += broker.requeue(queue, &Selection::Ids(ids.to_vec())).await?.moved;
    }
    Ok(requeued)
}

/// Moves as many tasks as the state held at the start: one that fails again meanwhile is not
/// moved in circles.
async fn sweep(queue: &QueueName, state: State, yes: bool, broker: &dyn Backend) -> Outcome<u64> {
    let total = held(&broker.counts(queue).await?, state);
    confirm(&format!("Requeue all {total} {state} tasks of {queue}?"), Reach::Sweeping, yes)?;
    let bar = progress(Some(total), "requeuing");
    let mut requeued = 0;
    while requeued < total {
        let limit = usize::try_from(total - requeued).unwrap_or(usize::MAX).min(TASKS_PER_CALL);
        let moved = broker.requeue(queue, &Selection::Oldest { state, limit }).await?;
        requeued += moved.moved;
        bar.set_position(requeued);
        if !moved.more || moved.moved == 0 {
            break;
        }
    }
    bar.finish_and_clear();
    Ok(requeued)
}
