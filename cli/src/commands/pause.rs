//! `tireless pause QUEUE` and `tireless resume QUEUE`.

use serde::Serialize;
use tireless::{Backend, QueueName};

use crate::adopt::Adopt;
use crate::args;
use crate::exit::Outcome;
use crate::output::Output;
use crate::queues::note_unused_but;

/// Which queue.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The queue
    #[arg(value_parser = args::queue, required_unless_present = "adopt", conflicts_with = "adopt")]
    queue: Option<QueueName>,
    /// A plain list instead
    #[command(flatten)]
    pub(crate) adopt: Adopt,
}

#[derive(Serialize)]
struct Answer<'a> {
    queue: &'a str,
    paused: bool,
}

/// Pauses the queue, or ends its pause.
pub(crate) async fn run(args: Args, paused: bool, broker: &dyn Backend, out: Output) -> Outcome {
    let (queue, _) = args.adopt.shifted::<()>(args.queue, Vec::new(), |_| Ok(()))?;
    if paused {
        note_unused_but(&args.adopt, &queue, broker).await;
        broker.pause(&queue).await?;
    } else {
        broker.resume(&queue).await?;
    }
    out.json(&Answer { queue: queue.as_str(), paused })?;
    out.line(format!("{queue} is {}", if paused { "paused" } else { "running" }))
}
