//! The same work on tireless, on its peers and on bare Redis, side by side.
//!
//! For each round and contestant this program starts a private Redis and a child of itself, which
//! does all of that contestant's work and prints its figures; so one peer's threads, connections
//! and keys never meet another's. Medians over the rounds make the table.

// Futures of several libraries within each other.
#![recursion_limit = "256"]

mod args;
mod child;
mod contestant;
mod contestants;
mod date;
mod figures;
mod machine;
mod measure;
mod report;
mod rounds;
mod server;
mod stats;
mod tally;
mod versions;

use anyhow::Result;
use args::{Args, Command};
use clap::Parser;

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    if let Some(Command::Work { contestant, url }) = &args.command {
        return child::run(contestant, url, &args.amounts()).await;
    }
    tokio::select! {
        report = compare(&args) => report,
        () = tireless::shutdown_signal() => anyhow::bail!("stopped before all was measured"),
    }
}

async fn compare(args: &Args) -> Result<()> {
    let report = rounds::run(args).await?;
    report::terminal::print(&report);
    if let Some(path) = &args.json {
        report::json::write(&report, path)?;
    }
    if let Some(docs) = &args.write {
        report::docs::write(&report, docs)?;
    }
    Ok(())
}
