//! The rounds: every contestant in each, on a server and in a process of its own.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::process::Command;

use crate::args::Args;
use crate::contestants::{self, Entry};
use crate::figures::{Figures, Measure};
use crate::machine::Machine;
use crate::report::{Report, Row};
use crate::server::{Server, connect};
use crate::{child, date, stats};

/// Stages of a contestant that may each use up the patience.
const STAGES: u32 = 5;

/// Runs all rounds; the contestants take turns at starting one.
pub(crate) async fn run(args: &Args) -> Result<Report> {
    let all = contestants::all().into_iter();
    let entries: Vec<_> = all.filter(|entry| args.wants(entry.facts.name)).collect();
    ensure!(!entries.is_empty(), "no contestant's name contains a word of --only");
    let machine = Machine::look();
    let mut rounds: Vec<Vec<Figures>> = vec![Vec::new(); entries.len()];
    for round in 0..usize::from(args.rounds) {
        for turn in 0..entries.len() {
            let index = (round + turn) % entries.len();
            eprintln!("round {}: {}", round + 1, entries[index].facts.name);
            rounds[index].push(once(args, &entries[index]).await?);
        }
    }
    let rows = entries.iter().zip(rounds).map(|(entry, rounds)| Row::new(entry.facts, rounds));
    Ok(Report {
        date: date::today(),
        tasks: args.tasks,
        rounds: args.rounds,
        server: server_version(args).await?,
        machine,
        rows: rows.collect(),
    })
}

async fn server_version(args: &Args) -> Result<String> {
    let server = Server::start(&args.redis_server).await?;
    stats::version(&mut connect(server.url()).await?).await
}

/// One contestant in one round. A child that fails leaves a reason instead of figures.
async fn once(args: &Args, entry: &Entry) -> Result<Figures> {
    let server = Server::start(&args.redis_server).await?;
    let figures = ask_child(args, entry.facts.name, server.url()).await;
    Ok(figures.unwrap_or_else(|error| {
        let mut figures = Figures::default();
        figures.missing(&Measure::ALL, &format!("{error:#}"));
        figures
    }))
}

async fn ask_child(args: &Args, name: &str, url: &str) -> Result<Figures> {
    let child = Command::new(std::env::current_exe()?)
        .args(["--tasks", &args.tasks.to_string(), "--patience", &args.patience.to_string()])
        .args(["work", name, url])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("this program cannot start itself")?;
    let limit = Duration::from_secs(args.patience) * STAGES + Duration::from_secs(60);
    let Ok(output) = tokio::time::timeout(limit, child.wait_with_output()).await else {
        bail!("it did not end within {} s", limit.as_secs());
    };
    let output = output?;
    ensure!(output.status.success(), "its process ended with {}", output.status);
    child::read(&String::from_utf8_lossy(&output.stdout))
}
