//! `cargo xtask growth`: measures curves, keeps their records, draws them, makes their page.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, ensure};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tireless_growth::args::{self, Asked, Task};
use tireless_growth::curve::{Curve, Run};
use tireless_growth::curves::ALL;
use tireless_growth::record::{self, Record};
use tireless_growth::{idle_worker, page};

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let ended = match words.split_first() {
        Some((first, rest)) if first == idle_worker::WORD => {
            idle_worker::run(rest).await.map(|()| true)
        }
        _ => match args::parse(&words) {
            Ok(task) => execute(task).await,
            Err(message) => {
                eprint!("growth: {message}\n\n{}", args::HELP);
                return ExitCode::from(2);
            }
        },
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("growth: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn execute(task: Task) -> Result<bool> {
    match task {
        Task::Help => print!("{}", args::HELP),
        Task::Page => page::renew(&record::folder())?,
        Task::Run(asked) => return run_all(&asked).await,
    }
    Ok(true)
}

/// Measures what was asked for; whether all bars that were measured are met.
async fn run_all(asked: &Asked) -> Result<bool> {
    for name in &asked.names {
        let known = ALL.iter().any(|curve| curve.plan().name == name);
        ensure!(known, "no curve is called {name}; --help tells which there are");
    }
    let wanted = |curve: &&&dyn Curve| {
        asked.names.is_empty() || asked.names.iter().any(|name| name == curve.plan().name)
    };
    let mut met = true;
    for curve in ALL.iter().filter(wanted) {
        let made = measure(*curve, asked).await?;
        for row in &made.rows {
            println!("{}", serde_json::to_string(row)?);
        }
        for verdict in curve.verdicts(&made) {
            met &= verdict.met || verdict.figure.is_none();
            println!("{verdict}");
        }
        if asked.record {
            record::write(&record::folder(), &made)?;
            page::renew(&record::folder())?;
        }
    }
    Ok(met)
}

async fn measure(curve: &dyn Curve, asked: &Asked) -> Result<Record> {
    let plan = curve.plan();
    let progress = bar(plan.name);
    let program = std::env::current_exe()?;
    let run = Run { scale: asked.scale, client: asked.client, program, progress };
    let (begin, load) = (Instant::now(), record::load());
    let measured = curve.measure(&run).await?;
    run.progress.finish_and_clear();
    Ok(Record {
        curve: plan.name.to_owned(),
        date: record::now(),
        server: measured.server,
        client: asked.client.as_str().to_owned(),
        scale: asked.scale.as_str().to_owned(),
        tireless: record::version(),
        build: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
        processors: std::thread::available_parallelism().map_or(1, usize::from),
        load,
        seconds: begin.elapsed().as_secs(),
        rows: measured.rows,
    })
}

/// A progress bar on standard error; invisible unless that is a terminal.
fn bar(name: &'static str) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(0), target);
    // The template is fixed; were it wrong, the default style would do.
    if let Ok(style) =
        ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {msg} {elapsed}")
    {
        bar.set_style(style);
    }
    bar.with_prefix(name)
}
