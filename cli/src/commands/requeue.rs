//! `tireless requeue QUEUE [ID.. | --failed | --dead]`: another chance for tasks.

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use tireless::limits::TASKS_PER_CALL;
use tireless::{Backend, OwnId, QueueName, Selection, State, TaskId};

use super::purge::{held, tasks};
use crate::adopt::Adopt;
use crate::args;
use crate::confirm::{Reach, confirm};
use crate::exit::{Outcome, Stop};
use crate::named::{Named, nothing_under};
use crate::output::{Output, counted, note, progress};
use crate::queues::note_unused_but;

/// Calls that are under way at a time, one a task.
const AT_ONCE: usize = 64;

/// Which tasks.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "tireless requeue [OPTIONS] <QUEUE|--adopt LIST> <ID..|--id OWN..|--failed|--dead>"
)]
#[command(group(clap::ArgGroup::new("which")))]
pub(crate) struct Args {
    /// The queue
    #[arg(value_parser = args::queue, required_unless_present = "adopt")]
    queue: Option<QueueName>,
    /// The tasks, failed or dead ones
    #[arg(group = "which", required_unless_present_any = ["own_ids", "failed", "dead", "adopt"])]
    ids: Vec<TaskId>,
    /// The task that lives under an id of your own; may be given several times
    #[arg(long = "id", value_name = "OWN", value_parser = args::own_id)]
    #[arg(conflicts_with_all = ["failed", "dead"])]
    own_ids: Vec<OwnId>,
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

/// Makes them ready again; fails if one that was named is neither failed nor dead. An own id under which
/// no task lives is left as it was given.
pub(crate) async fn run(args: Args, broker: &dyn Backend, out: Output) -> Outcome {
    let all = args.failed || args.dead;
    let (queue, ids) = args.adopt.shifted(args.queue, args.ids, args::task)?;
    let queue = &queue;
    if (ids.is_empty() && args.own_ids.is_empty()) != all {
        return Err(Stop::usage("name the tasks to requeue, or say --failed or --dead for all"));
    }
    let (mut requeued, mut left, mut notes) = (0, Vec::new(), Vec::new());
    if all {
        let state = if args.dead { State::Dead } else { State::Failed };
        requeued = sweep(queue, state, args.yes, broker).await?;
    } else {
        let Named { ids, unknown } = Named::look_up(queue, ids, args.own_ids, broker).await?;
        for (id, moved) in each(queue, ids, args.yes, broker).await? {
            requeued += moved;
            if moved == 0 {
                notes.push(format!("left alone: {id} is neither failed nor dead in {queue}"));
                left.push(id.to_string());
            }
        }
        for own_id in &unknown {
            notes.push(format!("left alone: {}", nothing_under(queue, own_id)));
            left.push(own_id.to_string());
        }
    }
    out.json(&Answer { queue: queue.as_str(), requeued, left })?;
    out.line(format!("requeued {} of {queue}", counted(requeued, "task")))?;
    if requeued == 0 {
        note_unused_but(&args.adopt, queue, broker).await;
    }
    let none_left = notes.is_empty();
    notes.into_iter().for_each(note);
    if none_left { Ok(()) } else { Err(Stop::Said) }
}

/// Whether each was moved, as 1 or 0. A call for each: one for all tells the number alone.
async fn each(
    queue: &QueueName,
    ids: Vec<TaskId>,
    yes: bool,
    broker: &dyn Backend,
) -> Outcome<Vec<(TaskId, u64)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let question = format!("Requeue {} of {queue}?", counted(ids.len() as u64, "task"));
    confirm(&question, Reach::Named, yes)?;
    let one = async |id: TaskId| {
        let moved = broker.requeue(queue, &Selection::Ids(vec![id])).await?.moved;
        Ok::<_, tireless::Error>((id, moved))
    };
    Ok(stream::iter(ids).map(one).buffered(AT_ONCE).try_collect().await?)
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
