//! `tireless rm QUEUE ID..`: removes tasks that no worker holds.

use serde::Serialize;
use tireless::limits::TASKS_PER_CALL;
use tireless::{Backend, OwnId, QueueName, Removed, TaskId};

use crate::adopt::Adopt;
use crate::args;
use crate::confirm::{Reach, confirm};
use crate::exit::{Outcome, Stop};
use crate::named::{Named, nothing_under};
use crate::output::{Output, counted, note};
use crate::queues::note_unused_but;

/// Which tasks.
#[derive(Debug, clap::Args)]
#[command(override_usage = "tireless rm [OPTIONS] <QUEUE|--adopt LIST> <ID|--id OWN>..")]
pub(crate) struct Args {
    /// The queue
    #[arg(value_parser = args::queue, required_unless_present = "adopt")]
    queue: Option<QueueName>,
    /// The tasks
    #[arg(required_unless_present_any = ["own_ids", "adopt"])]
    ids: Vec<TaskId>,
    /// The task that lives under an id of your own; may be given several times
    #[arg(long = "id", value_name = "OWN", value_parser = args::own_id)]
    own_ids: Vec<OwnId>,
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

/// Removes them; fails if one is missing or running. An own id under which no task lives is missing as
/// it was given.
pub(crate) async fn run(args: Args, broker: &dyn Backend, out: Output) -> Outcome {
    let Args { queue, ids, own_ids, yes, adopt } = args;
    let (queue, ids) = adopt.shifted(queue, ids, args::task)?;
    if ids.is_empty() && own_ids.is_empty() {
        return Err(Stop::usage("name the tasks to remove"));
    }
    let Named { ids, unknown } = Named::look_up(&queue, ids, own_ids, broker).await?;
    if !ids.is_empty() {
        let tasks = counted(ids.len() as u64, "task");
        confirm(&format!("Remove {tasks} from {queue}?"), Reach::Named, yes)?;
    }
    let mut answer = Answer { queue: queue.to_string(), ..Answer::default() };
    let mut notes = Vec::new();
    for ids in ids.chunks(TASKS_PER_CALL) {
        let removed = broker.remove(&queue, ids).await?;
        for (id, removed) in ids.iter().zip(removed) {
            match removed {
                Removed::Removed => answer.removed.push(id.to_string()),
                Removed::Running => {
                    notes.push(format!(
                        "refused: {id} is running; remove it when its worker has finished it"
                    ));
                    answer.running.push(id.to_string());
                }
                _ => {
                    notes.push(format!("missing: {queue} has no task {id}"));
                    answer.missing.push(id.to_string());
                }
            }
        }
    }
    for own_id in &unknown {
        notes.push(format!("missing: {}", nothing_under(&queue, own_id)));
        answer.missing.push(own_id.to_string());
    }
    out.json(&answer)?;
    for id in &answer.removed {
        out.line(format!("removed {id}"))?;
    }
    if answer.removed.is_empty() && answer.running.is_empty() {
        note_unused_but(&adopt, &queue, broker).await;
    }
    let all_removed = notes.is_empty();
    notes.into_iter().for_each(note);
    if all_removed { Ok(()) } else { Err(Stop::Said) }
}
