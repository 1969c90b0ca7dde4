//! `tireless reconcile [QUEUE..]`: finds and mends what somebody damaged past tireless.

use serde::Serialize;
use tireless::{Backend, Mended, QueueName, Reconcile};

use crate::args;
use crate::exit::Outcome;
use crate::output::{Output, number, progress, table};

/// Which queues.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The queues; all that are in use if none is named
    #[arg(value_parser = args::queue)]
    queues: Vec<QueueName>,
}

#[derive(Serialize)]
struct Answer<'a> {
    queues: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    queue: &'a str,
    mended: u64,
    #[serde(flatten)]
    classes: serde_json::Map<String, serde_json::Value>,
}

/// Searches the queues one after the other.
pub(crate) async fn run(args: Args, broker: &dyn Backend, out: Output) -> Outcome {
    let mut queues = args.queues;
    if queues.is_empty() {
        queues = broker.queues().await?;
        queues.sort();
    }
    let mut mended = Vec::with_capacity(queues.len());
    for queue in queues {
        let found = search(&queue, broker).await?;
        mended.push((queue, found));
    }
    out.json(&Answer { queues: mended.iter().map(|(queue, found)| line(queue, found)).collect() })?;
    print(&mended, out)
}

async fn search(queue: &QueueName, broker: &dyn Backend) -> tireless::Result<Mended> {
    let bar = progress(None, "searching");
    let (mut step, mut mended) = (Reconcile::BEGIN, Mended::default());
    loop {
        let answer = broker.reconcile(queue, &step).await?;
        mended.add(&answer.mended);
        bar.inc(1);
        step = Reconcile::GO_ON;
        if !answer.more {
            bar.finish_and_clear();
            return Ok(mended);
        }
    }
}

fn print(mended: &[(QueueName, Mended)], out: Output) -> Outcome {
    if mended.is_empty() {
        return out.line("no queue is in use");
    }
    let mut heads = vec!["QUEUE".to_owned()];
    heads.extend(Mended::default().classes().map(|(class, _)| class.to_uppercase()));
    let mut shown = table(&heads.iter().map(String::as_str).collect::<Vec<_>>());
    for (queue, found) in mended {
        let mut row = vec![queue.as_str().into()];
        row.extend(found.classes().map(|(_, count)| number(count, None)));
        shown.add_row(row);
    }
    out.table(&shown)
}

fn line<'a>(queue: &'a QueueName, found: &Mended) -> Line<'a> {
    let classes = found.classes().map(|(class, count)| (class.to_owned(), count.into()));
    Line { queue: queue.as_str(), mended: found.total(), classes: classes.into_iter().collect() }
}
