//! `tireless requeue QUEUE [ID.. | --failed | --dead]`: another chance for tasks.

use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use tireless::limits::TASKS_PER_CALL;
use tireless::{Backend, QueueName, Selection, State, TaskId};

use super::purge::{held, tasks};
use crate::adopt::Adopt;
use crate::args;
use crate::confirm::{Reach, confirm};
use crate::exit::{Outcome, Stop};
use crate::output::{Output, counted, note, progress};

/// Calls that are under way at a time, one a task.
const AT_ONCE: usize = 64;

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
    left: Vec<String>,
}

/// Makes them ready again; fails if one that was named is neither failed nor dead.
pub(crate) async fn run(args: Args, broker: &dyn Backend, out: Output) -> Outcome {
    let all = args.failed || args.dead;
    let (queue, ids) = args.adopt.shifted(args.queue, args.ids, args::task)?;
    if ids.is_empty() != all {
        return Err(Stop::usage("name the tasks to requeue, or say --failed or --dead for all"));
    }
    let queue = &queue;
    let (requeued, left) = if all {
        let state = if args.dead { State::Dead } else { State::Failed };
        (sweep(queue, state, args.yes, broker).await?, Vec::new())
    } else {
        named(queue, ids, args.yes, broker).await?
    };
    let answer = Answer { queue: queue.as_str(), requeued, left };
    out.json(&answer)?;
    out.line(format!("requeued {} of {queue}", counted(requeued, "task")))?;
    for id in &answer.left {
        note(format!("left alone: {id} is neither failed nor dead in {queue}"));
    }
    if answer.left.is_empty() { Ok(()) } else { Err(Stop::Said) }
}

/// How many were moved, and which were not. A call for each: one for all tells the number alone.
async fn named(
    queue: &QueueName,
    mut ids: Vec<TaskId>,
    yes: bool,
    broker: &dyn Backend,
) -> Outcome<(u64, Vec<String>)> {
    let mut seen = HashSet::new();
    ids.retain(|id| seen.insert(*id));
    let question = format!("Requeue {} of {queue}?", counted(ids.len() as u64, "task"));
    confirm(&question, Reach::Named, yes)?;
    let one = async |id: TaskId| {
        let moved = broker.requeue(queue, &Selection::Ids(vec![id])).await?.moved;
        Ok::<_, tireless::Error>((moved == 0).then_some(id))
    };
    let total = ids.len() as u64;
    let answers = stream::iter(ids).map(one).buffered(AT_ONCE).try_collect::<Vec<_>>().await?;
    let left: Vec<_> = answers.into_iter().flatten().map(|id| id.to_string()).collect();
    Ok((total - left.len() as u64, left))
}

/// Moves as many tasks as the state held at the start: one that fails again meanwhile is not
/// moved in circles.
async fn sweep(queue: &QueueName, state: State, yes: bool, broker: &dyn Backend) -> Outcome<u64> {
    let total = held(&broker.counts(queue).await?, state);
    let question = format!("Requeue {} of {queue}, all there are?", tasks(total, state));
    confirm(&question, Reach::Sweeping, yes)?;
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
