//! `cargo xtask shuttle`: the tests of a pool's parts under a scheduler that chooses who goes on.
//!
//! They are built with a flag that all crates see, in a folder of their own: otherwise each change
//! between them and the other tests would build everything anew.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail, ensure};

use crate::process::{capture, cargo, run as run_command, target};
use crate::test_binaries::parse_counts;

/// Where the tests read how many orders each is run in.
const ITERATIONS: &str = "TIRELESS_SHUTTLE_ITERATIONS";

/// The module that holds them; the other tests of the crate do not work under the flag.
const MODULE: &str = "shuttle_tests::";

/// For a long search, with a great number of iterations.
const LIMIT: Duration = Duration::from_secs(12 * 60 * 60);

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Options {
    iterations: Option<u64>,
    /// The part of a test's name after the module's.
    name: String,
}

impl Options {
    /// All tests, in so many orders each.
    pub(crate) fn of(iterations: u64) -> Self {
        Self { iterations: Some(iterations), name: String::new() }
    }

    /// Reads the words after `shuttle`.
    pub(crate) fn parse(words: &[&str]) -> Result<Self, String> {
        match words {
            [] => Ok(Self::default()),
            ["--iterations", count, rest @ ..] => match count.parse() {
                Ok(count @ 1..) => Ok(Self { iterations: Some(count), ..Self::parse(rest)? }),
                _ => Err(format!("{count} is no number of iterations")),
            },
            ["--iterations"] => Err("how many iterations?".to_owned()),
            [word, ..] if word.starts_with('-') => Err(format!("unknown: {word}")),
            [name, rest @ ..] => Ok(Self { name: (*name).to_owned(), ..Self::parse(rest)? }),
        }
    }
}

/// Runs the tests; whether all passed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    ensure!(run_command(test(options).arg("--no-run"))?, "the tests do not build");
    let mut test = test(options);
    let (status, output) = capture(test.arg(format!("{MODULE}{}", options.name)), LIMIT)?;
    print!("{output}");
    let Some(status) = status else { bail!("killed after {} hours", LIMIT.as_secs() / 3600) };
    let counts = parse_counts(&output).unwrap_or_default();
    ensure!(counts.passed + counts.failed > 0, "no test ran");
    Ok(status.success())
}

fn test(options: &Options) -> Command {
    let mut test = cargo();
    test.args(["test", "--package", "tireless-worker", "--lib"])
        .env("RUSTFLAGS", "--cfg shuttle")
        .env("CARGO_TARGET_DIR", target().join("shuttle"));
    if let Some(iterations) = options.iterations {
        test.env(ITERATIONS, iterations.to_string());
    }
    test
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_and_a_name_may_be_given() {
        let options = Options::parse(&["--iterations", "10", "pool"]).unwrap();
        assert_eq!(options, Options { iterations: Some(10), name: "pool".to_owned() });
        assert_eq!(Options::parse(&["pool", "--iterations", "10"]), Ok(options));
        assert_eq!(Options::parse(&[]), Ok(Options::default()));
        for bad in [&["--iterations"][..], &["--iterations", "0"], &["--fast"]] {
            Options::parse(bad).unwrap_err();
        }
    }
}
