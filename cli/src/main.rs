//! The `tireless` command: push, work, watch and mend task queues, from any shell.
//!
//! It works over the broker traits only; what it prints is described in `output.rs`, how it ends
//! in `exit.rs`.

mod adopt;
mod args;
mod commands;
mod confirm;
mod connect;
mod diagnosis;
mod died;
mod drain;
mod exec;
mod exit;
mod feed;
mod group;
mod guard;
mod health;
mod lines;
mod logs;
mod named;
mod output;
mod pool;
mod pusher;
mod queues;
mod reader;
mod redact;
mod signals;
mod stderr;
mod tail;
mod view;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use args::{Cli, Command, Globals};
use connect::{Memory, connect, connect_adopting, connect_patiently};
use exit::{Outcome, Stop};
use output::{Output, colours, note};

fn main() -> ExitCode {
    // Past clap, which lists even hidden commands where one is missing.
    if guard::is_asked_for() {
        return in_runtime(async { guard::watch().await.map_err(Stop::from) });
    }
    let broker = connect::broker_of_environment();
    connect::hide_passwords(broker.as_deref());
    let mut cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return wrong_usage(&error),
    };
    connect::hide_passwords(cli.globals.broker.as_deref());
    cli.globals.broker = cli.globals.broker.or(broker);
    logs::start(cli.command.log_level());
    in_runtime(run(cli))
}

/// Does the work, and says why it failed if it did.
fn in_runtime(work: impl Future<Output = Outcome>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            note(format!("error: the runtime does not start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(work);
    // A thread that still reads standard input is not waited for.
    runtime.shutdown_background();
    let code = match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            if let Some(text) = stop.text() {
                note(format!("error: {text}"));
            }
            stop.code()
        }
    };
    stderr::flush();
    code
}

/// What clap has to say, which may repeat what stood on the command line.
fn wrong_usage(error: &clap::Error) -> ExitCode {
    let rendered = error.render();
    let of = |colours| if colours { rendered.ansi().to_string() } else { rendered.to_string() };
    if !error.use_stderr() {
        let text = of(colours(&io::stdout()));
        // A reader that has seen enough, such as `head`, is no error.
        let _ = io::stdout().write_all(text.as_bytes());
        return ExitCode::SUCCESS;
    }
    let text = of(colours(&io::stderr()));
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // Help repeats nothing that was typed, and shows what a URL with a password looks like.
        let _ = io::stderr().write_all(text.as_bytes());
    } else {
        note(redact::redact_all(text.trim_end()));
    }
    ExitCode::from(2)
}

async fn run(cli: Cli) -> Outcome {
    let Cli { globals, command } = cli;
    let out = Output { json: globals.json };
    match command {
        Command::Run(args) => commands::run::run(args, out).await,
        Command::Bench(args) => {
            let broker = connect(&globals, Memory::Allowed).await?;
            commands::bench::run(args, broker, out).await
        }
        Command::Work(args) => {
            let adopted = args.adopted()?;
            let health = args.health().await?;
            let broker = connect_adopting(&globals, Memory::Refused, adopted).await?;
            commands::work::run(args, health, broker, out).await
        }
        command => operate(command, &globals, out).await,
    }
}

/// What an operator or a producer does: one connection, one answer.
async fn operate(command: Command, globals: &Globals, out: Output) -> Outcome {
    let mut globals = globals.clone();
    // Where tasks may be thrown away, one still wants to see and to save what is left.
    globals.allow_eviction |= !matches!(command, Command::Push(_));
    if let Command::Push(args) = command {
        return commands::push::run(args, connect_patiently(&globals).await?, out).await;
    }
    let broker = connect_adopting(&globals, Memory::Refused, command.adopted()?).await?;
    let broker = broker.as_ref();
    match command {
        Command::Doctor(args) => commands::doctor::run(args, broker, out).await,
        Command::Status(args) => commands::status::run(args, broker, out).await,
        Command::Workers => commands::workers::run(broker, out).await,
        Command::Ls(args) => commands::ls::run(args, broker, out).await,
        Command::Show(args) => commands::show::run(args, broker, out).await,
        Command::Requeue(args) => commands::requeue::run(args, broker, out).await,
        Command::Rm(args) => commands::rm::run(args, broker, out).await,
        Command::Purge(args) => commands::purge::run(args, broker, out).await,
        Command::Reconcile(args) => commands::reconcile::run(args, broker, out).await,
        Command::Pause(args) => commands::pause::run(args, true, broker, out).await,
        Command::Resume(args) => commands::pause::run(args, false, broker, out).await,
        // These are served before.
        Command::Push(_) | Command::Work(_) | Command::Run(_) | Command::Bench(_) => Ok(()),
    }
}
