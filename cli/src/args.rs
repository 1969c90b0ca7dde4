//! The command line: what is common to all commands, and how values are read.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Parser, Subcommand, ValueEnum};
use tireless::{Adoption, Namespace, OwnId, QueueName, State, StoreTime, TaskId};

use crate::commands;
use crate::exit::Outcome;

const AFTER_HELP: &str = "\
Passwords: in the URL, or better in TIRELESS_PASSWORD, or in the file that TIRELESS_PASSWORD_FILE \
names. Messages, logs and what is kept of a program's standard error do not show them.
Logs go to standard error as RUST_LOG asks (RUST_LOG=debug); results go to standard output.
Exit codes: 0 for success, 1 for failure, 2 for wrong usage.";

/// Background tasks that survive crashes and come back by themselves.
#[derive(Debug, Parser)]
#[command(name = "tireless", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    /// What is common to all commands.
    #[command(flatten)]
    pub(crate) globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Globals {
    /// Where the tasks are: redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE], rediss://..,
    /// redis+unix://PATH, redis-sentinel://HOST/MASTER, redis-cluster://HOST
    /// [default: redis://127.0.0.1:6379] [env: TIRELESS_BROKER]
    // Not taken from the environment by clap: its usage lines would show the option as required.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) broker: Option<String>,
    /// The Redis library to use [default: redis-rs]
    #[arg(long, global = true, value_enum)]
    pub(crate) client: Option<Client>,
    /// Keeps the queues of several systems on one server apart
    #[arg(long, global = true, value_name = "NS", default_value_t, value_parser = namespace)]
    pub(crate) namespace: Namespace,
    /// Push, work and bench also where Redis throws keys away at its memory limit, and tasks with them
    #[arg(long, global = true)]
    pub(crate) allow_eviction: bool,
    /// Print one JSON object instead of text (status --watch: one a second)
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// The Redis libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Client {
    /// The redis crate
    RedisRs,
    /// The fred crate
    Fred,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Push a task, or many, one a line
    Push(commands::push::Args),
    /// Work tasks off with a program in any language
    Work(commands::work::Args),
    /// Work off standard input, a task a line, without any server
    Run(commands::run::Args),
    /// Count what the queues hold
    Status(commands::status::Args),
    /// List the workers that live
    Workers,
    /// List tasks
    Ls(commands::ls::Args),
    /// Show one task: body, attempts, errors, times
    Show(commands::show::Args),
    /// Make failed or dead tasks ready again, with their attempts forgotten
    Requeue(commands::requeue::Args),
    /// Remove tasks that no worker holds
    Rm(commands::rm::Args),
    /// Remove all tasks of a state
    Purge(commands::purge::Args),
    /// Make a queue give no tasks; what runs goes on, what is pushed waits
    Pause(commands::pause::Args),
    /// End a pause
    Resume(commands::pause::Args),
    /// Find and mend what somebody damaged past tireless: tasks in no place, ids without a task
    Reconcile(commands::reconcile::Args),
    /// Check the server's settings, this user's rights, and what would be lost
    Doctor(commands::doctor::Args),
    /// Measure pushing, draining and picking up in a queue of its own
    Bench(commands::bench::Args),
}

impl Command {
    /// The plain keys that an operator's command is about, and the queue that stands for them.
    pub(crate) fn adopted(&self) -> Outcome<Option<(QueueName, Adoption)>> {
        let adopt = match self {
            Self::Status(args) => &args.adopt,
            Self::Ls(args) => &args.adopt,
            Self::Show(args) => &args.adopt,
            Self::Requeue(args) => &args.adopt,
            Self::Rm(args) => &args.adopt,
            Self::Purge(args) => &args.adopt,
            Self::Reconcile(args) => &args.adopt,
            Self::Pause(args) | Self::Resume(args) => &args.adopt,
            _ => return Ok(None),
        };
        adopt.keys()
    }

    /// The level of logs when `RUST_LOG` does not say.
    pub(crate) fn log_level(&self) -> &'static str {
        match self {
            Self::Work(_) | Self::Run(_) => "info",
            _ => "warn",
        }
    }
}

/// Reads a queue's name.
pub(crate) fn queue(text: &str) -> Result<QueueName, String> {
    QueueName::new(text).map_err(|error| error.message().to_owned())
}

/// Reads a state.
pub(crate) fn state(text: &str) -> Result<State, String> {
    text.parse().map_err(|error: tireless::Error| error.message().to_owned())
}

/// Reads how many there may be at once.
pub(crate) fn at_once(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "write a number, 1 or more".to_owned())
}

/// Reads a task's id.
pub(crate) fn task(text: &str) -> Result<TaskId, String> {
    text.parse().map_err(|error: tireless::ParseIdError| error.to_string())
}

/// Reads an id of the user's own.
pub(crate) fn own_id(text: &str) -> Result<OwnId, String> {
    OwnId::new(text).map_err(|error| error.message().to_owned())
}

/// Reads a namespace.
fn namespace(text: &str) -> Result<Namespace, String> {
    Namespace::new(text).map_err(|error| error.message().to_owned())
}

/// Reads a duration such as `500ms`, `30s` or `1h 30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|error| format!("{error}; write for example 500ms, 30s, 5m or 1h"))
}

/// Reads an address with a port.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "write an IP address and a port, for example 127.0.0.1:9090".to_owned())
}

/// Reads a duration that is not zero.
pub(crate) fn some_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it must be longer than zero".to_owned()),
        duration => Ok(duration),
    }
}

/// Reads a lease: 1 s to the longest that the contract allows.
pub(crate) fn lease(text: &str) -> Result<Duration, String> {
    let longest = tireless::limits::LONGEST_LEASE;
    match duration(text)? {
        lease if lease < Duration::from_secs(1) || lease > longest => {
            Err(format!("a lease is 1s to {}s long", longest.as_secs()))
        }
        lease => Ok(lease),
    }
}

/// Reads a moment in RFC 3339, such as `2027-01-31T08:00:00Z` or `2027-01-31T09:00:00+01:00`.
pub(crate) fn moment(text: &str) -> Result<StoreTime, String> {
    let wrong = || "write it as RFC 3339, for example 2027-01-31T09:00:00+01:00".to_owned();
    let (local, east_minutes) = split_offset(text).ok_or_else(wrong)?;
    let local = humantime::parse_rfc3339(&format!("{local}Z")).map_err(|_| wrong())?;
    let since = local.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| wrong())?;
    let millis = i64::try_from(since.as_millis()).map_err(|_| wrong())? - east_minutes * 60_000;
    u64::try_from(millis).map(StoreTime::from_millis).map_err(|_| wrong())
}

/// The part before the offset, and the offset in minutes east of UTC.
fn split_offset(text: &str) -> Option<(String, i64)> {
    let text = text.to_ascii_uppercase();
    if let Some(local) = text.strip_suffix('Z') {
        return Some((local.to_owned(), 0));
    }
    let (local, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let sign = match offset.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = offset[1..].split_once(':')?;
    let number = |digits: &str, below: i64| {
        let all = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|number: &i64| all && *number < below)
    };
    Some((local.to_owned(), sign * (number(hours, 24)? * 60 + number(minutes, 60)?)))
}

/// Where lines come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lines {
    /// Standard input, written as `-`.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl From<std::ffi::OsString> for Lines {
    fn from(text: std::ffi::OsString) -> Self {
        if text == "-" { Self::Stdin } else { Self::File(text.into()) }
    }
}

#[cfg(test)]
#[path = "args_tests.rs"]
mod tests;
