//! `tireless push QUEUE [BODY]`: tasks enter a queue.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Read};
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clap::builder::{OsStringValueParser, TypedValueParser};
use futures_util::FutureExt;
use serde::Serialize;
use tireless::broker::{NewTask, Pushed, When};
use tireless::limits::BODY_BYTES;
use tireless::{
    Backend, Durability, Envelope, ErrorKind, OwnId, QueueName, State, StoreTime, TaskId,
};

use crate::args::{self, Lines, duration, moment, some_duration};
use crate::exit::{Outcome, Stop};
use crate::lines::{Batch, Trouble, read_batches};
use crate::output::{Output, counted, note, progress};
use crate::pusher::Pusher;
use crate::signals::asked_to_stop;

/// How long the answer to a call is waited for once a signal came.
const LAST_ANSWER: Duration = Duration::from_secs(1);

/// What is pushed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The queue
    #[arg(value_parser = args::queue)]
    queue: QueueName,
    /// The task's body, its exact bytes; standard input, up to its end, if it is left out
    #[arg(conflicts_with = "lines")]
    body: Option<OsString>,
    /// Push each line of a file, or of standard input (-), as a task
    #[arg(long, value_name = "FILE", value_parser = OsStringValueParser::new().map(Lines::from))]
    lines: Option<Lines>,
    /// An id of your own: while its task lives, pushing it again changes nothing
    #[arg(long, conflicts_with = "lines", value_parser = args::own_id)]
    id: Option<OwnId>,
    /// Not before this much time has passed
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "at")]
    after: Option<Duration>,
    /// Not before this moment (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<StoreTime>,
    /// Succeed only once this many replicas have it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    replicas: Option<u32>,
    /// Succeed only once it is on the server's disk
    #[arg(long, conflicts_with = "replicas")]
    fsync: bool,
    /// How long a call waits for --replicas or --fsync. What is not confirmed then is asked for again,
    /// for some ten seconds in all
    #[arg(long, value_name = "DURATION", value_parser = up_to_a_day, default_value = "2s")]
    confirm_within: Duration,
}

impl Args {
    fn durability(&self) -> Durability {
        let timeout = self.confirm_within;
        match self.replicas {
            Some(replicas) => Durability::Replicated { replicas, timeout },
            None if self.fsync => Durability::Fsynced { timeout },
            None => Durability::Stored,
        }
    }
}

fn up_to_a_day(text: &str) -> Result<Duration, String> {
    match some_duration(text)? {
        long if long > Duration::from_secs(86_400) => Err("it is a day at most".to_owned()),
        duration => Ok(duration),
    }
}

/// `confirmed` is there where --replicas or --fsync was given.
#[derive(Serialize)]
struct Single<'a> {
    queue: &'a str,
    id: String,
    pushed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed: Option<bool>,
}

#[derive(Serialize)]
struct Many<'a> {
    queue: &'a str,
    pushed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed: Option<bool>,
}

/// Pushes one task, or one a line.
pub(crate) async fn run(args: Args, broker: Arc<dyn Backend>, out: Output) -> Outcome {
    let when = match (args.after, args.at) {
        (Some(delay), _) => When::After(delay),
        (_, Some(time)) => When::At(time),
        _ => When::Now,
    };
    let pusher = Pusher::new(broker, args.queue.clone()).durability(args.durability());
    match args.lines {
        Some(lines) => push_lines(&pusher, lines, when, out).await,
        None => {
            let body = match args.body {
                Some(body) => Bytes::from(body.into_vec()),
                None => body_from_stdin()?,
            };
            push_one(&pusher, body, when, args.id, out).await
        }
    }
}

fn body_from_stdin() -> Outcome<Bytes> {
    if io::stdin().is_terminal() {
        return Err(Stop::usage("give a BODY, or --lines FILE, or pipe the body in"));
    }
    let mut body = Vec::new();
    io::stdin().lock().take(BODY_BYTES as u64 + 1).read_to_end(&mut body)?;
    Ok(body.into())
}

async fn push_one(
    pusher: &Pusher,
    body: Bytes,
    when: When,
    own_id: Option<OwnId>,
    out: Output,
) -> Outcome {
    if body.len() > BODY_BYTES {
        return Err(Stop::failed(format!(
            "the body is over {BODY_BYTES} bytes, the most that a task may carry; store it \
             elsewhere and push where it is. Nothing was pushed"
        )));
    }
    let mut task = NewTask::new(Envelope::raw(body).encode()?);
    task.when = when;
    task.own_id = own_id;
    let (made, named) = (task.id, task.own_id.is_some());
    let sent = pusher.push(vec![task]).await?;
    let (id, pushed) = match sent.answers.first() {
        Some(Pushed::Exists { id }) => (*id, false),
        _ => (made, true),
    };
    let queue = pusher.queue();
    let confirmed = pusher.confirmed(&sent);
    let done = if pushed { format!("task {id} was pushed") } else { format!("task {id} lives") };
    out.json(&Single { queue: queue.as_str(), id: id.to_string(), pushed, confirmed })
        .map_err(|stop| stop.after(&done))?;
    if !pushed {
        let state = pusher.state(id).await;
        let lives = lives(queue, id, state);
        note(format!("nothing was pushed: {lives}"));
    }
    let Some(error) = sent.unconfirmed else {
        return out.line(id.to_string()).map_err(|stop| stop.after(&done));
    };
    let again = if named {
        "running the command again makes no other task while this one lives, and asks anew"
    } else {
        "running the command again makes another task: only with --id does it not"
    };
    let why = unconfirmed(pusher, &error);
    Err(Stop::failed(format!("task {id} is stored, but not confirmed: {why}; {again}")))
}

/// What is known of the task that is in the way, and what to do where it does not go by itself.
fn lives(queue: &QueueName, id: TaskId, state: Option<State>) -> String {
    match state {
        Some(State::Dead) => format!(
            "task {id} has this id and is dead; tireless requeue {queue} {id} tries it again, \
             tireless rm {queue} {id} frees the id"
        ),
        Some(state) => format!("task {id} has this id and is {state}"),
        None => format!("task {id} lives under this id"),
    }
}

/// Why what is stored is not as sure as was asked for.
fn unconfirmed(pusher: &Pusher, error: &tireless::Error) -> String {
    match (error.kind(), pusher.asked()) {
        (ErrorKind::NotDurable, Durability::Replicated { replicas, timeout }) => {
            let too_few =
                if replicas == 1 { "no".into() } else { format!("fewer than {replicas}") };
            let plural = if replicas == 1 { "" } else { "s" };
            format!("{too_few} replica{plural} had it within {timeout:?}")
        }
        (ErrorKind::NotDurable, Durability::Fsynced { timeout }) => {
            format!("it was not on the server's disk within {timeout:?}")
        }
        _ => error.to_string(),
    }
}

async fn push_lines(pusher: &Pusher, lines: Lines, when: When, out: Output) -> Outcome {
    let mut batches = read_batches(lines)?;
    let bar = progress(None, "pushing");
    let stop = asked_to_stop().shared();
    let (mut pushed, mut next_line) = (0, 1);
    loop {
        let batch = tokio::select! {
            biased;
            () = stop.clone() => Some(Err(Trouble::Stopped { line: next_line })),
            batch = batches.recv() => batch,
        };
        let trouble = match batch {
            None => break,
            Some(Err(trouble)) => Some(trouble),
            Some(Ok(batch)) => {
                let first_line = batch.first_line;
                let tasks = tasks(batch, when)?;
                let count = tasks.len() as u64;
                next_line = first_line + count;
                let last_line = next_line - 1;
                match answered(pusher.push(tasks), stop.clone()).await {
                    Some(Ok(sent)) => {
                        pushed += count;
                        sent.unconfirmed.map(|error| {
                            let why = unconfirmed(pusher, &error);
                            Trouble::unconfirmed(first_line, last_line, &why)
                        })
                    }
                    Some(Err(error)) => Some(Trouble::refused(first_line, last_line, &error)),
                    None => Some(Trouble::unanswered(first_line, last_line)),
                }
            }
        };
        if let Some(trouble) = trouble {
            bar.finish_and_clear();
            return stopped(pusher, pushed, &trouble, out);
        }
        bar.set_position(pushed);
    }
    bar.finish_and_clear();
    if pushed == 0 {
        note("the input is empty: nothing was pushed");
    }
    let queue = pusher.queue();
    let confirmed = pusher.asks_for_more().then_some(true);
    let tasks = counted(pushed, "task");
    let written = match out.json(&Many { queue: queue.as_str(), pushed, confirmed }) {
        Ok(()) => out.line(format!("pushed {tasks} to {queue}")),
        failed => failed,
    };
    let were = if pushed == 1 { "was" } else { "were" };
    written.map_err(|stop| stop.after(&format!("{tasks} {were} pushed to {queue}")))
}

fn tasks(batch: Batch, when: When) -> tireless::Result<Vec<NewTask>> {
    let task = |body| {
        let mut task = NewTask::new(Envelope::raw(body).encode()?);
        task.when = when;
        Ok(task)
    };
    batch.bodies.into_iter().map(task).collect()
}

/// The answer to a push; none if it does not come soon after the user has stopped it.
async fn answered<T>(push: impl Future<Output = T>, stop: impl Future<Output = ()>) -> Option<T> {
    let given_up = async {
        stop.await;
        tokio::time::sleep(LAST_ANSWER).await;
    };
    tokio::select! {
        biased;
        answer = push => Some(answer),
        () = given_up => None,
    }
}

/// Says how far it came, so that nothing is lost or pushed twice by whoever goes on.
fn stopped(pusher: &Pusher, pushed: u64, trouble: &Trouble, out: Output) -> Outcome {
    let queue = pusher.queue();
    let confirmed = pusher.asks_for_more().then_some(!trouble.is_unconfirmed());
    let so_far = if trouble.is_unconfirmed() { "with them" } else { "before it" };
    let tasks = counted(pushed, "task");
    let advice = trouble.advice("push");
    let said = format!("{trouble}{advice}. What was pushed to {queue} {so_far}: {tasks}");
    out.json(&Many { queue: queue.as_str(), pushed, confirmed })
        .map_err(|stop| stop.after(&said))?;
    Err(Stop::failed(said))
}
