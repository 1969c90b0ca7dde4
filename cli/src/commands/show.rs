//! `tireless show QUEUE ID`: all there is to know about one task.

use serde::Serialize;
use tireless::{Backend, FailureEntry, OwnId, QueueName, StoreTime, TaskDetail, TaskId};

use crate::adopt::Adopt;
use crate::args;
use crate::exit::{Outcome, Stop};
use crate::named::nothing_under;
use crate::output::{Output, moment, span};
use crate::view::{TaskLine, codec, full, open, plain, preview};

/// Which task.
#[derive(Debug, clap::Args)]
#[command(override_usage = "tireless show [OPTIONS] <QUEUE|--adopt LIST> <ID|--id OWN>")]
pub(crate) struct Args {
    /// The queue
    #[arg(value_parser = args::queue, required_unless_present = "adopt")]
    queue: Option<QueueName>,
    /// The task
    #[arg(required_unless_present_any = ["own_id", "adopt"])]
    id: Option<TaskId>,
    /// The task that lives under an id of your own instead
    #[arg(long = "id", value_name = "OWN", value_parser = args::own_id, conflicts_with = "id")]
    own_id: Option<OwnId>,
    /// A plain list instead
    #[command(flatten)]
    pub(crate) adopt: Adopt,
}

#[derive(Serialize)]
struct Answer<'a> {
    queue: &'a str,
    state: &'a str,
    worker: Option<String>,
    #[serde(flatten)]
    task: TaskLine,
    failures: Vec<Failure<'a>>,
}

#[derive(Serialize)]
struct Failure<'a> {
    at_ms: u64,
    attempt: u32,
    kind: &'a str,
    text: &'a str,
}

impl<'a> From<&'a FailureEntry> for Failure<'a> {
    fn from(entry: &'a FailureEntry) -> Self {
        Self {
            at_ms: entry.at.millis(),
            attempt: entry.attempt,
            kind: entry.failure.kind(),
            text: entry.failure.text(),
        }
    }
}

/// Shows it.
pub(crate) async fn run(args: Args, broker: &dyn Backend, out: Output) -> Outcome {
    let (queue, id) = meant(args, broker).await?;
    let Some(task) = broker.show(&queue, id).await? else {
        return Err(Stop::failed(format!(
            "{queue} has no task {id}: it is done, was removed, or is in another queue or in a plain \
             list, which is named by --adopt"
        )));
    };
    out.json(&Answer {
        queue: queue.as_str(),
        state: task.state.as_str(),
        worker: task.worker.map(|worker| worker.to_string()),
        task: TaskLine::from(&task.summary),
        failures: task.failures.0.iter().map(Failure::from).collect(),
    })?;
    out.line(text(&queue, &task))
}

/// The queue, and the one task that was named.
async fn meant(args: Args, broker: &dyn Backend) -> Outcome<(QueueName, TaskId)> {
    let Args { queue, id, own_id, adopt } = args;
    let Some(own_id) = own_id else {
        return adopt.shifted_one(queue, id, "name a task by its id", args::task);
    };
    let (queue, others) = adopt.shifted(queue, id.into_iter().collect(), args::task)?;
    if !others.is_empty() {
        return Err(Stop::usage("name the task by its id or by --id, not by both"));
    }
    let id = broker.find(&queue, &own_id).await?.ok_or_else(|| {
        let nothing = nothing_under(&queue, &own_id);
        Stop::failed(format!("{nothing} or to a plain list, which is named by --adopt"))
    })?;
    Ok((queue, id))
}

fn text(queue: &QueueName, task: &TaskDetail) -> String {
    let mut lines = facts(queue, task);
    for entry in &task.failures.0 {
        let at = moment(entry.at);
        lines.push((format!("attempt {}", entry.attempt), format!("{at}  {}", entry.failure)));
    }
    let opened = open(&task.summary.envelope);
    if let Some(problem) = opened.problem {
        lines.push(("problem".into(), problem));
    }
    let body = &opened.envelope.body;
    lines.push(("body".into(), format!("{} bytes", body.len())));
    let mut text: String = lines
        .into_iter()
        .map(|(name, value)| {
            format!("{name:<10} {}\n", plain(&value).trim_end().replace('\n', "\n           "))
        })
        .collect();
    text.push('\n');
    text.push_str(&full(body));
    text
}

fn facts(queue: &QueueName, task: &TaskDetail) -> Vec<(String, String)> {
    let summary = &task.summary;
    let history = &summary.history;
    let envelope = open(&summary.envelope).envelope;
    let mut facts = vec![("task", summary.id.to_string()), ("queue", queue.to_string())];
    let mut fact = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    fact("own id", history.own_id.as_ref().map(ToString::to_string));
    fact("state", Some(task.state.to_string()));
    fact("worker", task.worker.map(|worker| worker.to_string()));
    fact("at", summary.at.map(moment));
    fact("made", Some(moment(StoreTime::from_millis(summary.id.made_at_millis()))));
    fact("type", envelope.task_type.as_ref().map(ToString::to_string));
    fact("codec", Some(codec(envelope.codec)));
    fact("attempts", Some(history.attempts.to_string()));
    fact("crashes", Some(format!("{} ({} while alone)", history.crashes, history.lone_crashes)));
    fact("returns", (history.returns > 0).then(|| history.returns.to_string()));
    fact("retries", envelope.options.retries.map(|retries| retries.to_string()));
    fact("timeout", envelope.options.timeout.map(span));
    fact("keep", envelope.options.keep.map(span));
    for (name, value) in &envelope.headers {
        facts.push(("header", format!("{name}: {}", preview(value, 200))));
    }
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
