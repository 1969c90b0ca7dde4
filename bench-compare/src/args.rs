//! What can be said on the command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

const AFTER_HELP: &str = "\
Rates are tasks a second and the medians over the rounds. Everything runs on a private Redis on a \
free port of the loopback, which is started and ended here. Nothing else should run on the machine \
meanwhile: the bare Redis of the same rounds tells how quiet it was.";

/// Compares tireless with its peers on this machine.
#[derive(Debug, clap::Parser)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Tasks that are pushed in batches and drained
    #[arg(long, value_name = "N", default_value_t = 100_000, global = true,
          value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    pub(crate) tasks: u64,
    /// How often all is measured; each round starts with another contestant
    #[arg(long, value_name = "N", default_value_t = 3,
          value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) rounds: u8,
    /// Only contestants whose name contains one of these words
    #[arg(long, value_name = "WORD", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Seconds that one stage of a contestant may take before it is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 600, global = true)]
    pub(crate) patience: u64,
    /// The Redis server's program
    #[arg(long, value_name = "PROGRAM", default_value = "redis-server")]
    pub(crate) redis_server: OsString,
    /// Writes all figures of all rounds to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Writes the tables between the markers of DIR/performance.md, and DIR/performance/compare.svg
    #[arg(long, value_name = "DIR")]
    pub(crate) write: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What the program starts itself with.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// All the work of one contestant on one server.
    #[command(hide = true)]
    Work {
        /// Its name
        contestant: String,
        /// The server
        url: String,
    },
}

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amounts {
    pub(crate) tasks: u64,
    pub(crate) patience: Duration,
}

impl Args {
    pub(crate) fn amounts(&self) -> Amounts {
        Amounts { tasks: self.tasks, patience: Duration::from_secs(self.patience) }
    }

    /// Whether a contestant of this name takes part.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| name.contains(word.as_str()))
    }
}
