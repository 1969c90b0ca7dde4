//! `tireless reconcile [QUEUE..]`: finds and mends what somebody damaged past tireless.

use serde::Serialize;
use tireless::{Backend, Mended, QueueName, Reconcile, Reconciled};

use crate::adopt::Adopt;
use crate::args;
use crate::exit::Outcome;
use crate::output::{Output, note, number, progress, table};
use crate::queues::{Each, Row, chosen, note_unused, rows, told, well};

/// Which queues.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The queues; all that are in use if none is named
    #[arg(value_parser = args::queue, conflicts_with = "adopt")]
    queues: Vec<QueueName>,
    /// A plain list instead
    #[command(flatten)]
    pub(crate) adopt: Adopt,
}

#[derive(Serialize)]
struct Answer<'a> {
    queues: Vec<Row<Line<'a>>>,
}

#[derive(Serialize)]
struct Line<'a> {
    queue: &'a str,
    mended: u64,
    unsure: bool,
    #[serde(flatten)]
    classes: serde_json::Map<String, serde_json::Value>,
}

/// Searches the queues one after the other.
pub(crate) async fn run(args: Args, broker: &dyn Backend, out: Output) -> Outcome {
    note_unused(&args.queues, broker).await;
    let mut mended = Each::new();
    for queue in chosen(&args.adopt.or_queues(&args.queues)?, broker).await? {
        let found = search(&queue, broker).await;
        mended.push((queue, found));
    }
    out.json(&Answer { queues: rows(&mended, line) })?;
    print(&mended, out)?;
    for (queue, _) in well(&mended).filter(|(_, found)| found.unsure) {
        note(format!(
            "{queue}: so much came and went that tasks in no place may be left; search again when it is \
             quieter, or leave it to the workers, who do so every minute"
        ));
    }
    told(&mended)
}

/// A whole search: how it ended, with all that it mended.
async fn search(queue: &QueueName, broker: &dyn Backend) -> tireless::Result<Reconciled> {
    let bar = progress(None, "searching");
    let (mut step, mut mended) = (Reconcile::BEGIN, Mended::default());
    loop {
        let mut answer =
            broker.reconcile(queue, &step).await.inspect_err(|_| bar.finish_and_clear())?;
        mended.add(&answer.mended);
        bar.inc(1);
        step = Reconcile::GO_ON;
        if !answer.more {
            bar.finish_and_clear();
            answer.mended = mended;
            return Ok(answer);
        }
    }
}

fn print(mended: &Each<Reconciled>, out: Output) -> Outcome {
    if mended.is_empty() {
        return out.line("no queue is in use");
    }
    if well(mended).next().is_none() {
        return Ok(());
    }
    let mut heads = vec!["QUEUE".to_owned()];
    heads.extend(Mended::default().classes().map(|(class, _)| class.to_uppercase()));
    let mut shown = table(&heads.iter().map(String::as_str).collect::<Vec<_>>());
    for (queue, found) in well(mended) {
        let mut row = vec![queue.as_str().into()];
        row.extend(found.mended.classes().map(|(_, count)| number(count, None)));
        shown.add_row(row);
    }
    out.table(&shown)
}

fn line<'a>(queue: &'a QueueName, found: &Reconciled) -> Line<'a> {
    let classes = found.mended.classes().map(|(class, count)| (class.to_owned(), count.into()));
    Line {
        queue: queue.as_str(),
        mended: found.mended.total(),
        unsure: found.unsure,
        classes: classes.into_iter().collect(),
    }
}
