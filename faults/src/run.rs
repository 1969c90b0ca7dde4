//! Runs one fault with one client, and makes a record of it.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tireless::Client;
use tireless_testkit::server::find_binary;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::fault::{Fault, Run};
use crate::record::{Record, now};

/// How to run a fault.
#[derive(Clone, Copy, Debug)]
pub struct Orders {
    /// The client library.
    pub client: Client,
    /// 1 is the full bar.
    pub scale: f64,
    /// A broken broker to stand in.
    pub broken: Option<&'static str>,
}

/// Why a fault cannot be run here; none if it can.
pub fn obstacle(fault: &dyn Fault) -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some("needs Linux".to_owned());
    }
    fault.missing()
}

/// Runs it to its end.
///
/// # Errors
/// What kept it from being run to its end, a panic too.
pub async fn run(
    fault: &'static dyn Fault,
    orders: Orders,
    bars: &MultiProgress,
) -> Result<Record> {
    let Orders { client, scale, broken } = orders;
    let progress = bars.add(bar(&format!("{} {}", fault.name(), client.as_str())));
    let run = Run { client, scale, broken, worker: worker_program()?, progress };
    let (begin, shared) = (Instant::now(), Arc::new(run));
    let running = shared.clone();
    // On a thread of its own: it starts and kills processes and reads long files, and would hold up
    // the timers of the others meanwhile, which measures them and not what they measure.
    let here = Handle::current();
    let ended = spawn_blocking(move || here.block_on(fault.run(&running))).await;
    shared.progress.finish_and_clear();
    let report = match ended {
        Ok(report) => report?,
        Err(error) => return Err(anyhow!("it panicked: {error}")),
    };
    Ok(Record {
        fault: fault.name().to_owned(),
        date: now(),
        client: client.as_str().to_owned(),
        scale,
        n: report.n,
        server: server()?,
        tireless: version().to_owned(),
        build: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
        broken: broken.map(str::to_owned),
        seconds: begin.elapsed().as_secs(),
        counts: report.counts,
        worst: report.worst,
        breaches: report.breaches,
    })
}

/// The program of the worker processes, which is built beside this one.
fn worker_program() -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("fault-worker");
    path.is_file().then_some(()).with_context(|| {
        format!("{} is missing; build it: cargo build -p tireless-faults", path.display())
    })?;
    Ok(path)
}

/// Name and version of the server that is run.
fn server() -> Result<String> {
    let binary = find_binary()?;
    let output = Command::new(&binary).arg("--version").output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.split_whitespace().find_map(|word| word.strip_prefix("v="));
    let name = if text.to_ascii_lowercase().contains("valkey") { "valkey" } else { "redis" };
    Ok(format!("{name} {}", version.unwrap_or("of an unknown version")))
}

/// The version with the commit, where there is one to be asked: the one that this process began
/// with, since others may come while it runs.
pub fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(ask_version)
}

fn ask_version() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut git = Command::new("git");
    git.args(["-C", env!("CARGO_MANIFEST_DIR"), "rev-parse", "--short", "HEAD"]);
    match git.output() {
        Ok(output) if output.status.success() => {
            format!("{version} at {}", String::from_utf8_lossy(&output.stdout).trim())
        }
        _ => version.to_owned(),
    }
}

/// Shown on a terminal only.
fn bar(name: &str) -> ProgressBar {
    let progress = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let template = "{msg} {wide_bar} {pos}/{len} {elapsed}";
    // The template is fixed; were it wrong, the default style would do.
    if let Ok(style) = ProgressStyle::with_template(template) {
        progress.set_style(style);
    }
    progress.set_message(name.to_owned());
    progress.enable_steady_tick(std::time::Duration::from_millis(500));
    progress
}
