//! `cargo xtask ci`: every stage that a change must pass, with the time it took.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::process::{cache, capture, cargo, command, run as run_command, succeeds};
use crate::report::{REPORT_VARIABLE, Report};
use crate::{callgrind, faults, shuttle, tidy};

/// What all stages together may take on two cores.
const WANTED: Duration = Duration::from_secs(25 * 60);

/// In how many orders each test of a pool's parts is run.
const ORDERS: u64 = 300;

/// The facade's features.
const FEATURES: [&str; 3] = ["memory", "redis-rs", "fred"];

/// Runs all stages, also after one has failed; whether all passed.
pub(crate) fn run() -> Result<bool> {
    let begin = Instant::now();
    let mut report = Report::default();
    report.time("format", || {
        component("fmt", "rustfmt")?;
        stage(cargo().args(["fmt", "--all", "--check"]))
    });
    report.time("tidy: sizes, edges, licences, bans", || {
        ensure!(tidy::run()?, "see the problems above");
        Ok(String::new())
    });
    report.time("clippy", || {
        component("clippy", "clippy")?;
        let clippy = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];
        stage(cargo().args(clippy))
    });
    report.time("docs", || {
        // Libraries only: the command and the facade share the name `tireless`.
        let docs = ["doc", "--quiet", "--workspace", "--no-deps", "--lib"];
        stage(cargo().args(docs).env("RUSTDOCFLAGS", "-D warnings"))
    });
    for features in subsets(&FEATURES) {
        let named = if features.is_empty() { "none" } else { &features };
        report.time(&format!("features: {named}"), || {
            let check = ["check", "--quiet", "-p", "tireless", "--no-default-features"];
            stage(cargo().args(check).args(["--all-targets", "--features", &features]))
        });
    }
    report
        .time("quickstart", || stage(cargo().args(["run", "--quiet", "--example", "quickstart"])));
    tests(&mut report);
    report.time("a pool's parts in chosen orders", || {
        ensure!(shuttle::run(&shuttle::Options::of(ORDERS))?, "see above");
        Ok(format!("{ORDERS} each"))
    });
    let name = "instructions of the hot paths";
    if let Some(why) = callgrind::not_here() {
        report.not_run(name, &why);
    } else {
        report.time(name, callgrind::stage);
    }
    let name = "faults, small scale";
    if cfg!(target_os = "linux") {
        report.time(name, faults::small);
    } else {
        report.not_run(name, "they need Linux");
    }
    let took = begin.elapsed();
    let over = if took > WANTED { ", more than the 25 minutes wanted" } else { "" };
    println!("\n{} min {} s in all{over}", took.as_secs() / 60, took.as_secs() % 60);
    report.finish()
}

/// The README's test command, in full and literally.
fn tests(report: &mut Report) {
    let rows = cache().join("test-report.json");
    let ran = report.time("cargo xtask test --all", || {
        fs::create_dir_all(cache())?;
        let _ = fs::remove_file(&rows);
        let mut test = cargo();
        test.args(["xtask", "test", "--all"]).env(REPORT_VARIABLE, &rows);
        ensure!(run_command(&mut test)?, "see its list");
        Ok(String::new())
    });
    if let Err(error) = report.load(&rows)
        && ran
    {
        report.missing("the list of cargo xtask test --all", &format!("{error:#}"));
    }
}

/// Every set of these words, the empty one too, joined by commas.
fn subsets(words: &[&str]) -> Vec<String> {
    let sets = 0..1_usize << words.len();
    sets.map(|set| {
        let taken = words.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1);
        taken.map(|(_, word)| *word).collect::<Vec<_>>().join(",")
    })
    .collect()
}

/// Runs a program in silence and shows what it said if it fails.
fn stage(command: &mut Command) -> Result<String> {
    let (status, output) = capture(command, WANTED)?;
    match status {
        Some(status) if status.success() => Ok(String::new()),
        Some(status) => {
            println!("{output}");
            bail!("{status}")
        }
        None => bail!("killed after {} minutes", WANTED.as_secs() / 60),
    }
}

/// A part of the toolchain, which a minimal one lacks.
fn component(subcommand: &str, name: &str) -> Result<()> {
    if !succeeds(cargo().args([subcommand, "--version"])) {
        ensure!(
            run_command(command("rustup").args(["component", "add", name]))?,
            "rustup cannot add {name}"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_features_have_eight_subsets() {
        let sets = subsets(&FEATURES);
        assert_eq!(sets.len(), 8);
        assert_eq!((sets[0].as_str(), sets[7].as_str()), ("", "memory,redis-rs,fred"));
    }
}
