//! `tireless run --exec CMD`: standard input, a task a line, without any server.

use std::sync::Arc;
use std::time::Duration;

use tireless::broker::NewTask;
use tireless::{Backend, Envelope, QueueName};

use crate::args::{Lines, duration};
use crate::connect::in_memory;
use crate::died::DiedLines;
use crate::drain::Drain;
use crate::exit::{Outcome, Stop};
use crate::lines::{Batch, read_batches};
use crate::output::{Output, note};
use crate::pool::{Did, ExecArgs, policy, pool};
use crate::pusher::Pusher;
use crate::signals::asked_to_stop;

/// Tasks that are read ahead of those that run.
const AHEAD: u64 = 10_000;

/// Time between two looks at queues that nobody else knows.
const LOOK: Duration = Duration::from_millis(10);

/// What is run, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What is run
    #[command(flatten)]
    exec: ExecArgs,
    /// Tries after the first one; then the task is dead
    #[arg(long, value_name = "N", default_value_t = 3)]
    retries: u32,
    /// Base of the backoff: doubled after each failure, up to an hour
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    retry_delay: Duration,
}

/// Runs the command for each line; the summary says what became of them.
pub(crate) async fn run(args: Args, out: Output) -> Outcome {
    let exec = args.exec.start(out.json)?;
    let broker = in_memory();
    let queue = QueueName::new("run")?;
    let policy = policy(args.retries, args.retry_delay, &exec);
    let queues = [queue.clone()];
    let lines = Arc::new(DiedLines::default());
    let observer = lines.clone();
    let pool = pool(broker.clone(), &queues, false, policy, exec.clone())
        .observe(move |event| observer.observe(event))
        .concurrency(args.exec.concurrency.get())
        // Whoever presses Ctrl-C here wants the prompt back.
        .shutdown_timeout(Duration::from_secs(2));
    let running = pool.start().await?;
    let fed = tokio::select! {
        () = asked_to_stop() => Err(Stop::failed("stopped before the end of the input")),
        unread = exec.missed_reader() => Err(Stop::failed(unread)),
        outcome = feed_and_drain(&broker, &queue, &lines) => outcome,
    };
    let summary = running.shutdown().await;
    let did = Did::new(&summary, &exec, 0).with_lines(lines.numbers());
    let written = out.json(&did);
    if !out.json {
        note(did.line());
    }
    // What became of the work decides, whether or not anybody reads of it.
    fed?;
    if did.died() > 0 { Err(Stop::Said) } else { written }
}

async fn feed_and_drain(
    broker: &Arc<dyn Backend>,
    queue: &QueueName,
    lines: &DiedLines,
) -> Outcome {
    let pusher = Pusher::new(broker.clone(), queue.clone());
    let mut batches = read_batches(Lines::Stdin)?;
    let mut trouble = None;
    while let Some(batch) = batches.recv().await {
        let batch = match batch {
            Ok(batch) => batch,
            Err(found) => {
                trouble = Some(found);
                break;
            }
        };
        while broker.counts(queue).await?.ready > AHEAD {
            tokio::time::sleep(LOOK).await;
        }
        pusher.push(tasks(batch, lines)?).await?;
    }
    // What came before the trouble is still worked off.
    Drain::new(broker.as_ref(), std::slice::from_ref(queue), false).every(LOOK).ended().await;
    let Some(trouble) = trouble else { return Ok(()) };
    let advice = trouble.advice("run");
    Err(Stop::failed(format!("{trouble}{advice}. All before it was run")))
}

fn tasks(batch: Batch, lines: &DiedLines) -> tireless::Result<Vec<NewTask>> {
    let task = |(line, body): (u64, bytes::Bytes)| {
        let task = NewTask::new(Envelope::raw(body.clone()).encode()?);
        lines.expect(task.id, line, &body);
        Ok(task)
    };
    (batch.first_line..).zip(batch.bodies).map(task).collect()
}
