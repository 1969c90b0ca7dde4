//! `tireless purge QUEUE STATE`: removes all tasks of a state.

use serde::Serialize;
use tireless::limits::TASKS_PER_CALL;
use tireless::{Backend, Counts, QueueName, State};

use crate::adopt::Adopt;
use crate::args;
use crate::confirm::{Reach, confirm};
use crate::exit::{Outcome, Stop};
use crate::output::{Output, counted, progress};
use crate::queues::note_unused_but;

/// Which tasks.
#[derive(Debug, clap::Args)]
#[command(override_usage = "tireless purge [OPTIONS] <QUEUE|--adopt LIST> <STATE>")]
pub(crate) struct Args {
    /// The queue
    #[arg(value_parser = args::queue, required_unless_present = "adopt")]
    queue: Option<QueueName>,
    /// ready, scheduled, failed, dead or done
    #[arg(value_parser = state, required_unless_present = "adopt")]
    state: Option<State>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// A plain list instead
    #[command(flatten)]
    pub(crate) adopt: Adopt,
}

/// Reads a state. That running tasks cannot be purged is told later, with what to do instead.
fn state(text: &str) -> Result<State, String> {
    args::state(text).map_err(|_| {
        "tasks of a state are purged; there are ready, scheduled, failed, dead and done".to_owned()
    })
}

#[derive(Serialize)]
struct Answer<'a> {
    queue: &'a str,
    state: &'a str,
    removed: u64,
}

const NO_STATE: &str = "name a state: ready, scheduled, failed, dead or done";

/// Removes as many tasks as the state held at the start, in bounded calls.
pub(crate) async fn run(args: Args, broker: &dyn Backend, out: Output) -> Outcome {
    let Args { queue, state, yes, adopt } = args;
    let (queue, state) = adopt.shifted_one(queue, state, NO_STATE, args::state)?;
    if state == State::Running {
        return Err(Stop::usage(
            "running tasks are held by workers and cannot be purged; stop the workers first, \
             then purge the ready ones",
        ));
    }
    let total = held(&broker.counts(&queue).await?, state);
    if total == 0 {
        note_unused_but(&adopt, &queue, broker).await;
    }
    let question = format!("Remove {} of {queue}, all there are?", tasks(total, state));
    confirm(&question, Reach::Sweeping, yes)?;
    let bar = progress(Some(total), "purging");
    let mut removed = 0;
    while removed < total {
        let limit = usize::try_from(total - removed).unwrap_or(usize::MAX).min(TASKS_PER_CALL);
        let purged = broker.purge(&queue, state, limit).await?;
        removed += purged.removed;
        bar.set_position(removed);
        if !purged.more || purged.removed == 0 {
            break;
        }
    }
    bar.finish_and_clear();
    out.json(&Answer { queue: queue.as_str(), state: state.as_str(), removed })?;
    out.line(format!("removed {} of {queue}", tasks(removed, state)))
}

/// A number of tasks of a state, in words.
pub(super) fn tasks(number: u64, state: State) -> String {
    counted(number, &format!("{state} task"))
}

/// How many tasks of a state there are.
pub(crate) fn held(counts: &Counts, state: State) -> u64 {
    match state {
        State::Ready => counts.ready,
        State::Running => counts.running,
        State::Scheduled => counts.scheduled,
        State::Failed => counts.failed,
        State::Dead => counts.dead,
        State::Done => counts.kept,
        _ => 0,
    }
}
