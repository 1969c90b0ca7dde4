//! `tireless rm QUEUE ID..`: removes tasks that no worker holds.

use serde::Serialize;
use tireless::limits::TASKS_PER_CALL;
use tireless::{Backend, QueueName, Removed, TaskId};

use crate::adopt::Adopt;
use crate::args;
use crate::confirm::{Reach, confirm};
use crate::exit::{Outcome, Stop};
use crate::output::{Output, counted, note};

/// Which tasks.
#[derive(Debug, clap::Args)]
#[command(override_usage = "tireless rm [OPTIONS] <QUEUE|--adopt LIST> <ID>..")]
pub(crate) struct Args {
    /// The queue
    #[arg(value_parser = args::queue, required_unless_present = "adopt")]
    queue: Option<QueueName>,
    /// The tasks
    #[arg(required_unless_present = "adopt")]
    ids: Vec<TaskId>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// A plain list instead
    #[command(flatten)]
    pub(crate) adopt: Adopt,
}

#[derive(Serialize, Default)]
struct Answer {
    queue: String,
    removed: Vec<String>,
    missing: Vec<String>,
    running: Vec<String>,
}

/// Removes them; fails if one is missing or running.
pub(crate) async fn run(args: Args, broker: &dyn Backend, out: Output) -> Outcome {
    let Args { queue, ids, yes, adopt } = args;
    let (queue, ids) = adopt.shifted(queue, ids, args::task)?;
    if ids.is_empty() {
        return Err(Stop::usage("name the tasks to remove"));
    }
    let tasks = counted(ids.len() as u64, "task");
    confirm(&format!("Remove {tasks} from {queue}?"), Reach::Named, yes)?;
    let mut answer = Answer { queue: queue.to_string(), ..Answer::default() };
    for ids in ids.chunks(TASKS_PER_CALL) {
        let removed = broker.remove(&queue, ids).await?;
        for (id, removed) in ids.iter().zip(removed) {
            match removed {
                Removed::Removed => answer.removed.push(id.to_string()),
                Removed::Running => answer.running.push(id.to_string()),
                _ => answer.missing.push(id.to_string()),
            }
        }
    }
    out.json(&answer)?;
    for id in &answer.removed {
        out.line(format!("removed {id}"))?;
    }
    for id in &answer.running {
        note(format!("refused: {id} is running; remove it when its worker has finished it"));
    }
    for id in &answer.missing {
        note(format!("missing: {queue} has no task {id}"));
    }
    if answer.running.is_empty() && answer.missing.is_empty() { Ok(()) } else { Err(Stop::Said) }
}
