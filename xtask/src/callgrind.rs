//! `cargo xtask callgrind`: how many instructions the hot paths take a task, held against the
//! baseline. Unlike times, these counts are nearly the same in each run, on a busy machine too.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::install::{Installer, VALGRIND};
use crate::instructions::{Baseline, Compiler, Counts};
use crate::process::{cache, capture, cargo, command, on_path, output, run as run_command, target};

/// The program that is counted.
const PROGRAM: &str = "hot-paths";

/// One run under valgrind takes seconds; this long it hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// Where valgrind does not run, or not well.
const ELSEWHERE: &str = "instructions are counted on Linux only, by valgrind";

/// Whether the baseline is to be written.
pub(crate) fn parse(words: &[&str]) -> Result<bool, String> {
    match words {
        [] => Ok(false),
        ["--write"] => Ok(true),
        other => Err(format!("unknown: {}", other.join(" "))),
    }
}

/// Why nothing can be held against the baseline here, if so.
pub(crate) fn not_here() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some(ELSEWHERE.to_owned());
    }
    // What else is wrong with the two is told by the run.
    let (baseline, compiler) = (Baseline::read().ok()?, Compiler::here().ok()?);
    baseline.check_target(&compiler).err().map(|error| error.to_string())
}

/// Counts, and compares with the baseline or writes it; whether nothing takes more than it may.
pub(crate) fn run(write: bool) -> Result<bool> {
    ensure!(cfg!(target_os = "linux"), "not run: {ELSEWHERE}");
    let compiler = Compiler::here()?;
    if write {
        Baseline { compiler, instructions: count()? }.write()?;
        println!("written to {}; commit it with the reason", Baseline::PATH);
        return Ok(true);
    }
    let baseline = Baseline::read()?;
    // Before all the work: instructions of another processor are no measure.
    baseline.check_target(&compiler)?;
    let comparison = baseline.compare(&compiler, &count()?);
    print!("{comparison}");
    Ok(comparison.passes())
}

/// As a stage of `ci`: what stands in its list.
pub(crate) fn stage() -> Result<String> {
    ensure!(run(false)?, "more instructions than the baseline allows: see the table");
    Ok("see the table".to_owned())
}

/// Builds the program and counts each of its hot paths.
fn count() -> Result<Counts> {
    if !on_path("valgrind") {
        Installer::here(false).install(VALGRIND).context("valgrind")?;
    }
    let program = build()?;
    let out = cache().join("callgrind");
    fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
    let listed = output(&mut command(&program))?;
    let counts = listed.lines().map(|line| count_one(&program, &out, line));
    let counts: Counts = counts.collect::<Result<_>>()?;
    ensure!(!counts.is_empty(), "{PROGRAM} lists no hot path");
    println!("where they go: callgrind_annotate {}/NAME", out.display());
    Ok(counts)
}

fn build() -> Result<PathBuf> {
    let args = ["build", "--quiet", "--release", "--package", "tireless-benches", "--bin", PROGRAM];
    ensure!(run_command(cargo().args(args))?, "{PROGRAM} does not build");
    Ok(target().join("release").join(PROGRAM))
}

/// One hot path, as the program lists it. The difference between few and many rounds is free of all
/// that comes before and after them.
fn count_one(program: &Path, out: &Path, line: &str) -> Result<(String, u64)> {
    let words: Vec<&str> = line.split(' ').collect();
    let [name, numbers @ ..] = &words[..] else { bail!("{PROGRAM} lists an empty line") };
    let numbers: Result<Vec<u64>, _> = numbers.iter().map(|number| number.parse()).collect();
    let [tasks, few, many] = numbers.context("a list of another form")?[..] else {
        bail!("{PROGRAM} lists {line:?}; name, tasks and two numbers of rounds are expected")
    };
    ensure!(tasks > 0 && many > few, "{PROGRAM} lists {line:?}, between which nothing is run");
    let fewer = callgrind(program, out, name, few)?;
    let more = callgrind(program, out, name, many)?;
    let ran = (many - few) * tasks;
    let difference = more.checked_sub(fewer).context("more rounds took fewer instructions")?;
    Ok((name.to_string(), (difference + ran / 2) / ran))
}

/// Runs so many rounds under callgrind; the instructions of the whole process.
fn callgrind(program: &Path, out: &Path, name: &str, rounds: u64) -> Result<u64> {
    let file = out.join(name);
    let mut valgrind = command("valgrind");
    // The same environment everywhere: the kernel puts it onto the program's stack.
    let path = std::env::var_os("PATH").unwrap_or_default();
    valgrind.env_clear().env("PATH", path);
    valgrind.args(["--quiet", "--tool=callgrind"]);
    valgrind.arg(format!("--callgrind-out-file={}", file.display()));
    valgrind.arg(program).args([name, &rounds.to_string()]);
    let (status, said) = capture(&mut valgrind, LIMIT)?;
    match status {
        Some(status) if status.success() => {}
        Some(status) => bail!("{name} under valgrind: {status}\n{said}"),
        None => bail!("{name} under valgrind: killed after {} s", LIMIT.as_secs()),
    }
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    total(&text).with_context(|| format!("{} names no total", file.display()))
}

/// The instructions that a file of callgrind's names as its total.
fn total(text: &str) -> Option<u64> {
    let mut totals = text.lines().filter_map(|line| line.strip_prefix("totals: "));
    totals.next_back()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_a_file_is_found() {
        let text = "version: 1\nevents: Ir\nsummary: 12\n\nfn=(1) main\n1 12\n\ntotals: 12\n";
        assert_eq!(total(text), Some(12));
        assert_eq!(total("version: 1\n"), None);
    }

    #[test]
    fn only_write_may_be_said() {
        assert_eq!((parse(&[]), parse(&["--write"])), (Ok(false), Ok(true)));
        parse(&["--wirte"]).unwrap_err();
    }
}
