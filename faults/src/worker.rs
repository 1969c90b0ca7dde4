//! A worker process of the faults: `fault-worker url=.. client=.. namespace=.. queue=.. history=..
//! slots=.. lease_ms=.. beat_ms=.. shutdown_ms=.. bury_after=..`, and if wanted `broken=NAME`.
//!
//! With `crash_at=POINT crash_pass=N` it kills itself when it passes that point for the N-th time. With
//! `produce_from=ID` it works on nothing and pushes tasks, numbered from there on.
//!
//! Bodies are `ID [sleep MS] [again TIMES] [fill ..]`. A run sleeps; in its first TIMES attempts it
//! then fails, to be repeated after half a second. It pays no heed to its cancellation but to write it down:
//! what the store lets such a handler do is what is tested.
//!
//! It ends at once when its standard input does, so that none outlives its harness.

use std::collections::HashMap;
use std::io::Read;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tireless::{
    Backoff, ConnectOptions, Context, Event, RunPolicy, TaskError, TaskResult, WorkerPool,
    connect_with,
};
use tireless_faults::broken;
use tireless_faults::crash_point::{Stage, Verb};
use tireless_faults::doom::Doom;
use tireless_faults::faults::doomed_plan;
use tireless_faults::ground::number;
use tireless_faults::history::{Pen, Word};
use tireless_faults::load::Load;
use tireless_faults::witness::Witness;

/// How long a task waits that asked to be repeated.
const AGAIN: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: HashMap<&str, &str> = args.iter().filter_map(|arg| arg.split_once('=')).collect();
    let word =
        |name: &str| words.get(name).copied().with_context(|| format!("{name}=.. is missing"));
    let millis =
        |name: &str| -> Result<Duration> { Ok(Duration::from_millis(word(name)?.parse()?)) };
    std::thread::spawn(|| {
        let _ended = std::io::stdin().read(&mut [0]);
        std::process::exit(3);
    });

    let mut options = ConnectOptions::default();
    options.client = Some(word("client")?.parse()?);
    options.namespace = word("namespace")?.parse()?;
    let broker = connect_with(word("url")?, options).await?;
    let broker = broken::over(words.get("broken").copied(), broker, word("url")?).await?;
    let pen = Pen::open(word("history")?.as_ref())?;
    let broker = Witness::over(broker, pen.clone());
    let doom = Doom::read(&words, &pen)?;
    let broker = doom.as_ref().map_or(broker.clone(), |doom| doom.over(broker));
    if let Some(first) = words.get("produce_from") {
        let load = Load::over(broker, word("queue")?.parse()?, pen, doomed_plan(first.parse()?));
        load.finish().await?;
        return Ok(());
    }
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    pen.write(Word::Clock { wall_ms: wall.as_millis() as u64 })?;
    let (running, observing) = (pen.clone(), pen.clone());
    let handler = move |body: Bytes, context: Context| {
        let (pen, doom) = (running.clone(), doom.clone());
        async move { run(&pen, doom.as_ref(), &body, &context).await }
    };
    let policy = RunPolicy { backoff: Backoff::fixed(AGAIN), ..RunPolicy::default() };
    let pool = WorkerPool::new(broker)
        .concurrency(word("slots")?.parse()?)
        .lease(millis("lease_ms")?)
        .beat(millis("beat_ms")?)
        .shutdown_timeout(millis("shutdown_ms")?)
        .bury_after_crashes(word("bury_after")?.parse()?)
        .observe(move |event| note(&observing, event))
        .handle_raw_with(word("queue")?, policy, handler);
    // Listened for before anybody can know of this process.
    let signal = tokio::spawn(tireless::shutdown_signal());
    tokio::task::yield_now().await;
    let pool = pool.start().await?;
    signal.await?;
    let summary = pool.shutdown().await;
    pen.write(Word::End { done: summary.done, lost: summary.lease_lost })?;
    Ok(())
}

fn note(pen: &Pen, event: &Event) {
    let word = match event {
        Event::PoolStarted { worker, .. } => Word::Worker { worker: *worker },
        Event::LeaseLost { id, .. } => Word::Lost { task: *id },
        Event::Reclaimed { tasks, poisoned, .. } => {
            Word::Reclaimed { tasks: *tasks, poisoned: *poisoned }
        }
        _ => return,
    };
    pen.write_or_exit([word]);
}

async fn run(pen: &Pen, doom: Option<&Doom>, body: &[u8], context: &Context) -> TaskResult {
    let id = number(body)?;
    pen.write_or_exit([Word::Start { id, attempt: context.attempt(), task: context.id() }]);
    let pass = |stage| doom.into_iter().for_each(|doom| doom.pass(Verb::Handler, stage));
    pass(Stage::Begun);
    let wish = Wish::read(body)?;
    let sleep = tokio::time::sleep(wish.sleep);
    tokio::pin!(sleep);
    tokio::select! {
        biased;
        () = &mut sleep => {
            if context.cancellation().is_cancelled() {
                pen.write_or_exit([Word::Cancelled { id }]);
            }
        }
        () = context.cancellation().cancelled() => {
            pen.write_or_exit([Word::Cancelled { id }]);
            sleep.await;
        }
    }
    if context.attempt() <= wish.again {
        let after_ms = AGAIN.as_millis() as u64;
        pen.write_or_exit([Word::Again { id, after_ms }]);
        pass(Stage::Done);
        return Err("to be repeated".into());
    }
    pen.write_or_exit([Word::Done { id }]);
    pass(Stage::Done);
    Ok(())
}

/// What a body asks for.
struct Wish {
    sleep: Duration,
    again: u32,
}

impl Wish {
    fn read(body: &[u8]) -> Result<Self, TaskError> {
        let text = String::from_utf8_lossy(body);
        let mut words = text.split(' ').skip(1);
        let mut wish = Self { sleep: Duration::ZERO, again: 0 };
        while let Some(word) = words.next() {
            let mut next = || -> Result<u64> { Ok(words.next().context("a number")?.parse()?) };
            match word {
                "sleep" => wish.sleep = Duration::from_millis(next()?),
                "again" => wish.again = u32::try_from(next()?)?,
                // What makes a body large.
                "fill" => break,
                _ => return Err(unknown(word).into()),
            }
        }
        Ok(wish)
    }
}

fn unknown(word: &str) -> String {
    format!("no wish: {word}")
}
