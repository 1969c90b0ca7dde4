//! `cargo xtask faults`: runs faults, keeps their records, makes their table.

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::MultiProgress;
use tireless_faults::args::{self, Asked, Task};
use tireless_faults::fault::Fault;
use tireless_faults::faults::ALL;
use tireless_faults::record;
use tireless_faults::run::{self, Orders};
use tireless_faults::table::{self, Row};

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let task = match args::parse(&words) {
        Ok(task) => task,
        Err(message) => {
            eprint!("faults: {message}\n\n{}", args::HELP);
            return ExitCode::from(2);
        }
    };
    match execute(task).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("faults: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn execute(task: Task) -> Result<bool> {
    match task {
        Task::Help => print!("{}", args::HELP),
        Task::List => list(),
        Task::Table => make_table()?,
        Task::Run(asked) => return run_all(&asked).await,
    }
    Ok(true)
}

fn list() {
    for fault in ALL {
        let why = run::obstacle(*fault).map(|why| format!(" (not here: {why})"));
        println!("{}{}\n    {}", fault.name(), why.unwrap_or_default(), fault.bar());
    }
}

fn make_table() -> Result<()> {
    let folder = record::folder();
    let page = table::from_records(&folder)?;
    let path = folder.with_extension("md");
    std::fs::write(&path, page).with_context(|| path.display().to_string())
}

/// Runs what was asked for; whether all passed and something was run.
async fn run_all(asked: &Asked) -> Result<bool> {
    for name in &asked.names {
        let known = ALL.iter().any(|fault| fault.name() == name);
        ensure!(known, "no fault is called {name}; --list tells which there are");
    }
    eprintln!("tireless {}", run::version());
    let bars = MultiProgress::new();
    let wanted = |name: &str| asked.names.is_empty() || asked.names.iter().any(|one| one == name);
    let jobs = ALL.iter().filter(|fault| wanted(fault.name())).flat_map(|fault| {
        let orders = orders(*fault, asked).into_iter();
        match run::obstacle(*fault) {
            Some(why) => vec![Job::NotHere(fault.name(), why)],
            None => orders.map(|orders| Job::Run(*fault, orders)).collect(),
        }
    });
    let rows: Vec<Row> = stream::iter(jobs.map(|job| job.run(asked.record, &bars)))
        .buffered(at_once(asked))
        .try_collect()
        .await?;
    println!("{}", table::of_rows(&rows));
    let failures = table::failures(&rows);
    failures.iter().for_each(|failure| println!("{failure}"));
    Ok(failures.is_empty() && rows.iter().any(|row| matches!(row, Row::Ran(_))))
}

/// How many run beside each other: some at the small scale, where most of the time is waiting.
fn at_once(asked: &Asked) -> usize {
    if asked.scale.is_none() && !asked.prove { 4 } else { 1 }
}

/// How often to run a fault, and how.
fn orders(fault: &dyn Fault, asked: &Asked) -> Vec<Orders> {
    let scale = asked.scale.unwrap_or(fault.small());
    if asked.prove {
        // Which client carries a broken broker makes no difference.
        let client = asked.clients[0];
        let order = |name: &&'static str| Orders { client, scale, broken: Some(*name) };
        return fault.catches().iter().map(order).collect();
    }
    let order = |client: &_| Orders { client: *client, scale, broken: asked.broken };
    asked.clients.iter().map(order).collect()
}

/// What is to be done about one fault.
enum Job {
    NotHere(&'static str, String),
    Run(&'static dyn Fault, Orders),
}

impl Job {
    async fn run(self, keep: bool, bars: &MultiProgress) -> Result<Row> {
        let (fault, orders) = match self {
            Self::NotHere(name, why) => return Ok(Row::NotRun { what: name.to_owned(), why }),
            Self::Run(fault, orders) => (fault, orders),
        };
        let what = format!("{} {}", fault.name(), orders.client.as_str());
        match run::run(fault, orders, bars).await {
            Ok(made) => {
                if keep {
                    record::append(&record::folder(), &made)?;
                }
                eprintln!("{what}: {} s", made.seconds);
                Ok(Row::Ran(Box::new(made)))
            }
            Err(error) => Ok(Row::Broke { what, why: format!("{error:#}") }),
        }
    }
}
