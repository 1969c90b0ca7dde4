//! `cargo xtask test`: finds a server, runs every test, says what ran and what did not.

use anyhow::{Result, bail};

use crate::find_server::{self, Found};
use crate::groups;
use crate::install::Installer;
use crate::process::{capture, cargo, run as run_command};
use crate::report::Report;
use crate::test_binaries::{Built, Environment, parse_counts};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Options {
    all: bool,
    install: bool,
    /// For `cargo test`.
    args: Vec<String>,
}

impl Options {
    /// Reads the words after `test`.
    pub(crate) fn parse(words: &[&str]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(&word) = words.next() {
            match word {
                "--all" => options.all = true,
                "--install" => options.install = true,
                "--" => options.args = words.by_ref().map(|&word| word.to_owned()).collect(),
                _ => return Err(format!("unknown: {word} (arguments for cargo test go after --)")),
            }
        }
        if options.all && !options.args.is_empty() {
            return Err("--all runs all; it takes no arguments for cargo test".to_owned());
        }
        Ok(options)
    }
}

/// Runs the tests; whether all went well.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let installer = Installer::here(options.install);
    let found = find_server::find(installer)?;
    println!("server: {}", found.told);
    if !options.args.is_empty() {
        return run_part(&options.args, &found);
    }
    let mut report = Report::default();
    let mut built = Built::default();
    let compiled = report.time("build of all tests", || {
        built = Built::workspace()?;
        Ok(format!("{} programs", built.tests.len()))
    });
    if compiled {
        run_programs(&built, &found, &mut report);
        run_doc_tests(&found.environment(), &mut report);
    }
    if compiled && options.all {
        groups::run(&built, &found, installer, &mut report);
    } else {
        groups::not_run(&mut report, if compiled { groups::ASK } else { "the tests do not build" });
    }
    report.finish()
}

/// A part of the tests, straight through cargo.
fn run_part(args: &[String], found: &Found) -> Result<bool> {
    let names_packages = args
        .iter()
        .any(|arg| arg.starts_with("-p") || arg.starts_with("--package") || arg == "--workspace");
    let mut command = cargo();
    command.arg("test");
    if !names_packages {
        command.arg("--workspace");
    }
    run_command(command.args(args).envs(found.environment()))
}

fn run_programs(built: &Built, found: &Found, report: &mut Report) {
    let mut args = groups::skips();
    let no_binary = found.binary.is_none();
    if no_binary {
        args.extend(groups::OWN_SERVER.iter().flat_map(|name| ["--skip", name]));
        let why = "need a redis-server or valkey-server on the path";
        report.not_run("tests that start servers", why);
    }
    for test in &built.tests {
        if no_binary && groups::starts_servers(test) {
            report.not_run(&test.label(), "starts servers");
            continue;
        }
        report.time_if_any(&test.label(), || {
            let counts = built.run(test, &found.environment(), &args)?;
            // The many programs without a test would only make the list long.
            Ok((!counts.is_empty()).then(|| counts.detail()))
        });
    }
}

fn run_doc_tests(environment: &Environment, report: &mut Report) {
    report.time("doc tests", || {
        let mut command = cargo();
        command.args(["test", "--workspace", "--doc", "--no-fail-fast"]);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let (status, output) = capture(&mut command, std::time::Duration::from_secs(15 * 60))?;
        let counts = parse_counts(&output).unwrap_or_default();
        if !status.is_some_and(|status| status.success()) {
            println!("{output}");
            bail!("{} failed", counts.failed);
        }
        Ok(counts.detail())
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_options_until_two_dashes() {
        let options = Options::parse(&["--install", "--", "-p", "tireless-core", "--all"]).unwrap();
        assert!(options.install && !options.all);
        assert_eq!(options.args, ["-p", "tireless-core", "--all"]);
        assert!(Options::parse(&["--all"]).unwrap().all);
        assert!(Options::parse(&["all"]).is_err());
        assert!(Options::parse(&["--all", "--", "x"]).is_err());
    }
}
