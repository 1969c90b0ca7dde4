//! `tireless status [QUEUE..]`: how much of everything the queues hold.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use comfy_table::Color;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use tireless::{Backend, Counts, QueueName};

use crate::adopt::Adopt;
use crate::args;
use crate::exit::Outcome;
use crate::output::{Output, note, number, span, table};
use crate::queues::{Each, Row, chosen, note_unused, rows, told, well};
use crate::redact::redact;

/// Queues that are counted at the same time: where a server is away, their waits overlap.
const AT_ONCE: usize = 16;

/// Which queues, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The queues; all that are in use if none is named
    #[arg(value_parser = args::queue, conflicts_with = "adopt")]
    queues: Vec<QueueName>,
    /// Count again each second, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// A plain list instead
    #[command(flatten)]
    pub(crate) adopt: Adopt,
}

#[derive(Serialize)]
struct Answer<'a> {
    queues: Vec<Row<Line<'a>>>,
}

/// A look of `--watch` that saw nothing, for programs.
#[derive(Serialize)]
struct Blind {
    error: String,
}

#[derive(Serialize)]
struct Line<'a> {
    queue: &'a str,
    ready: u64,
    running: u64,
    scheduled: u64,
    failed: u64,
    dead: u64,
    done: u64,
    workers: u64,
    oldest_ready_ms: Option<u64>,
    paused: bool,
    suspects: u64,
    inbox: u64,
    kept: u64,
    dropped: u64,
}

/// Prints the counts, once or each second.
pub(crate) async fn run(args: Args, broker: &dyn Backend, out: Output) -> Outcome {
    let queues = args.adopt.or_queues(&args.queues)?;
    if !args.watch {
        let counted = look(&queues, broker).await?;
        print(&counted, out)?;
        note_unused(&args.queues, broker).await;
        return told(&counted);
    }
    let stop = tokio::signal::ctrl_c();
    tokio::pin!(stop);
    let mut seen = false;
    loop {
        let counted = tokio::select! {
            _ = &mut stop => return Ok(()),
            counted = look(&queues, broker) => counted,
        };
        seen |= show(counted, seen, out)?;
        tokio::select! {
            _ = &mut stop => return Ok(()),
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

async fn look(queues: &[QueueName], broker: &dyn Backend) -> tireless::Result<Each<Counts>> {
    let queues = chosen(queues, broker).await?;
    let counts = |queue: QueueName| async {
        let counts = broker.counts(&queue).await;
        (queue, counts)
    };
    Ok(stream::iter(queues).map(counts).buffered(AT_ONCE).collect().await)
}

/// Shows one look of several, and tells whether it saw anything. The first one has to: a server
/// that goes away later may come back.
fn show(counted: tireless::Result<Each<Counts>>, seen_before: bool, out: Output) -> Outcome<bool> {
    let blind = |each: &Each<Counts>| !each.is_empty() && well(each).next().is_none();
    if io::stdout().is_terminal() && !out.json {
        // Clears the screen and starts at its top.
        write!(io::stdout(), "\x1b[2J\x1b[H")?;
    }
    match counted {
        Ok(counted) => {
            print(&counted, out)?;
            let outcome = told(&counted);
            if blind(&counted) && !seen_before {
                outcome?;
            }
            Ok(!blind(&counted))
        }
        Err(error) if seen_before => {
            out.json(&Blind { error: redact(&error.to_string()) })?;
            note(format!("error: {error}"));
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

fn print(counted: &Each<Counts>, out: Output) -> Outcome {
    out.json(&Answer { queues: rows(counted, line) })?;
    if counted.is_empty() {
        return out.line("no queue is in use");
    }
    if well(counted).next().is_none() {
        return Ok(());
    }
    let mut shown = table(&[
        "QUEUE",
        "READY",
        "RUNNING",
        "SCHEDULED",
        "FAILED",
        "DEAD",
        "DONE",
        "WORKERS",
        "OLDEST",
        "",
    ]);
    for (queue, counts) in well(counted) {
        let oldest = oldest_ready_ms(counts)
            .map_or_else(|| "-".to_owned(), |millis| span(Duration::from_millis(millis)));
        shown.add_row(vec![
            queue.as_str().into(),
            number(counts.ready, None),
            number(counts.running, Some(Color::Green)),
            number(counts.scheduled, None),
            number(counts.failed, Some(Color::Yellow)),
            number(counts.dead, Some(Color::Red)),
            number(counts.done, None),
            number(counts.workers, None),
            oldest.into(),
            remarks(counts).into(),
        ]);
    }
    out.table(&shown)
}

/// What does not happen in every queue, so that it needs no column.
fn remarks(counts: &Counts) -> String {
    let mut remarks = Vec::new();
    if counts.paused {
        remarks.push("paused".to_owned());
    }
    for (number, what) in [
        (counts.suspects, "suspects"),
        (counts.inbox, "in the inbox"),
        (counts.kept, "kept"),
        (counts.dropped, "dropped"),
    ] {
        if number > 0 {
            remarks.push(format!("{number} {what}"));
        }
    }
    remarks.join(", ")
}

/// The age of the task that is next, if there is one.
fn oldest_ready_ms(counts: &Counts) -> Option<u64> {
    (counts.ready > 0).then_some(counts.oldest_ready_ms)
}

fn line<'a>(queue: &'a QueueName, counts: &Counts) -> Line<'a> {
    Line {
        queue: queue.as_str(),
        ready: counts.ready,
        running: counts.running,
        scheduled: counts.scheduled,
        failed: counts.failed,
        dead: counts.dead,
        done: counts.done,
        workers: counts.workers,
        oldest_ready_ms: oldest_ready_ms(counts),
        paused: counts.paused,
        suspects: counts.suspects,
        inbox: counts.inbox,
        kept: counts.kept,
        dropped: counts.dropped,
    }
}
