//! `tireless ls QUEUE STATE`: pages of tasks.

use serde::Serialize;
use tireless::limits::TASKS_PER_CALL;
use tireless::{Backend, List, QueueName, State, TaskSummary};

use crate::adopt::Adopt;
use crate::args;
use crate::exit::Outcome;
use crate::output::{Output, moment, note, number, table};
use crate::queues::note_unused_but;
use crate::view::{TaskLine, open, preview};

const NO_STATE: &str = "name a state: ready, running, scheduled, failed, dead or done";

/// Which tasks.
#[derive(Debug, clap::Args)]
#[command(override_usage = "tireless ls [OPTIONS] <QUEUE|--adopt LIST> <STATE>")]
pub(crate) struct Args {
    /// The queue
    #[arg(value_parser = args::queue, required_unless_present = "adopt")]
    queue: Option<QueueName>,
    /// ready, running, scheduled, failed, dead or done
    #[arg(value_parser = args::state, required_unless_present = "adopt")]
    state: Option<State>,
    /// Most tasks to list
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Where to go on: what the listing before said
    #[arg(long, default_value_t = 0)]
    cursor: u64,
    /// A plain list instead
    #[command(flatten)]
    pub(crate) adopt: Adopt,
}

#[derive(Serialize)]
struct Answer<'a> {
    queue: &'a str,
    state: &'a str,
    tasks: Vec<TaskLine>,
    next: Option<u64>,
}

/// Lists tasks, as many pages as it takes.
pub(crate) async fn run(args: Args, broker: &dyn Backend, out: Output) -> Outcome {
    let (queue, state) = args.adopt.shifted_one(args.queue, args.state, NO_STATE, args::state)?;
    let list = List { queue, state, cursor: args.cursor, limit: args.limit as usize };
    let (tasks, next) = pages(&list, broker).await?;
    out.json(&Answer {
        queue: list.queue.as_str(),
        state: state.as_str(),
        tasks: tasks.iter().map(TaskLine::from).collect(),
        next,
    })?;
    if tasks.is_empty() {
        note_unused_but(&args.adopt, &list.queue, broker).await;
    }
    if tasks.is_empty() && !out.json {
        note(none(&list.queue, state));
        return Ok(());
    }
    let when = match state {
        State::Scheduled | State::Failed => "DUE",
        State::Dead => "DIED",
        State::Done => "DONE",
        _ => "",
    };
    let mut shown = table(&["ID", "ATTEMPTS", "CRASHES", "TYPE", when, "BODY"]);
    for task in &tasks {
        let opened = open(&task.envelope);
        let name = opened.envelope.task_type.as_ref().map_or("-", |name| name.as_str());
        let body = opened.problem.unwrap_or_else(|| preview(&opened.envelope.body, 60));
        shown.add_row(vec![
            task.id.to_string().into(),
            number(u64::from(task.history.attempts), None),
            number(u64::from(task.history.crashes), None),
            name.into(),
            task.at.map_or_else(String::new, moment).into(),
            body.into(),
        ]);
    }
    out.table(&shown)?;
    if let (Some(next), false) = (next, out.json) {
        note(format!("there is more: --cursor {next}"));
    }
    Ok(())
}

fn none(queue: &QueueName, state: State) -> String {
    match state {
        // The number of the done ones is kept, they are not.
        State::Done => format!(
            "{queue} keeps no done tasks: only those stay that were pushed to be kept for a while"
        ),
        _ => format!("{queue} has no {state} tasks"),
    }
}

async fn pages(
    all: &List,
    broker: &dyn Backend,
) -> tireless::Result<(Vec<TaskSummary>, Option<u64>)> {
    let mut tasks = Vec::new();
    let mut next = Some(all.cursor);
    while let Some(cursor) = next.filter(|_| tasks.len() < all.limit) {
        let limit = (all.limit - tasks.len()).min(TASKS_PER_CALL);
        let list = List { cursor, limit, ..all.clone() };
        let page = broker.list(&list).await?;
        tasks.extend(page.tasks);
        next = page.next;
    }
    Ok((tasks, next))
}
