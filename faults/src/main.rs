//! `cargo xtask faults`: runs faults, keeps their records, makes their table.

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
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
    let mut rows = Vec::new();
    for fault in ALL {
        if !asked.names.is_empty() && !asked.names.iter().any(|name| name == fault.name()) {
            continue;
        }
        if let Some(why) = run::obstacle(*fault) {
            rows.push(Row::NotRun { what: fault.name().to_owned(), why });
            continue;
        }
        rows.extend(run_each(*fault, orders(*fault, asked), asked, &bars).await?);
    }
    println!("{}", table::of_rows(&rows));
    let passed = |row: &Row| match row {
        Row::Ran(record) => record.passed() != record.broken.is_some(),
        Row::Broke { .. } => false,
        Row::NotRun { .. } => true,
    };
    Ok(rows.iter().all(passed) && rows.iter().any(|row| matches!(row, Row::Ran(_))))
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

/// One after the other; at the small scale, where most of the time is waiting, all at once.
async fn run_each(
    fault: &'static dyn Fault,
    orders: Vec<Orders>,
    asked: &Asked,
    bars: &MultiProgress,
) -> Result<Vec<Row>> {
    let at_once = asked.scale.is_none() && !asked.prove;
    let mut running = Vec::new();
    let mut rows = Vec::new();
    for orders in orders {
        let (keep, bars) = (asked.record, bars.clone());
        running.push(tokio::spawn(async move { run_one(fault, orders, keep, &bars).await }));
        if !at_once {
            for one in running.drain(..) {
                rows.push(one.await??);
            }
        }
    }
    for one in running {
        rows.push(one.await??);
    }
    Ok(rows)
}

async fn run_one(
    fault: &'static dyn Fault,
    orders: Orders,
    keep: bool,
    bars: &MultiProgress,
) -> Result<Row> {
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
