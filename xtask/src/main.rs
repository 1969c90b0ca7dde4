//! `cargo xtask`: all automation of this repository. It needs cargo and fetches the rest itself.

mod borrowed;
mod callgrind;
mod ci;
mod containers;
mod docker;
mod edges;
mod faults;
mod find_server;
mod groups;
mod growth;
mod install;
mod instructions;
mod licences;
mod metadata;
mod process;
mod python;
mod report;
mod servers;
mod sha256;
mod shuttle;
mod test;
mod test_binaries;
mod tidy;

// The harness that the tests use, from its source: depending on the testkit would make every
// `cargo xtask` wait for the whole workspace, and fail whenever that does not build.
#[path = "../../testkit/src/server.rs"]
#[allow(dead_code, unreachable_pub, unused_imports)]
mod server;

use std::path::Path;
use std::process::ExitCode;

use find_server::NoServer;

const HELP: &str = "\
Usage: cargo xtask COMMAND

  test [--all] [--install] [-- ARGS]
        Runs all tests. The server for those that need one: TIRELESS_TEST_URL if given; else a
        private one on a free port, from a redis-server or valkey-server on the path; else Docker
        (TIRELESS_TEST_IMAGE, redis:7 by default); else the system's package manager, as root on
        Debian, with CI=true or with --install; else it says what to type and exits 2.
        Port 6379 is never touched, and nothing is flushed that was not started here.
        --all   also the five servers (x86-64 Linux), TLS, containers and redis-py; there anything
                missing is a failure (TIRELESS_DOCKER=optional: but for Docker)
        ARGS    go to `cargo test`, for a part of the tests: -- -p tireless-core envelope
  callgrind [--write]
        Counts the instructions that the hot paths take a task, in a release build under valgrind,
        and fails where they are a tenth above benches/instructions.json. Linux only; valgrind is
        installed as root on Debian or with CI=true. --write  takes the counts as the baseline
  ci            What .ci/run runs: format, tidy, clippy, docs, features, quickstart, test --all,
        shuttle, callgrind, faults
  faults [NAME..] [--scale N | --small] [--client NAME] [--prove] [--list] [--table]
        Does things on purpose to processes and servers and checks that nothing was lost; appends
        what it measured to docs/faults/NAME.json. More with --help
  growth [CURVE..] [--scale small|full] [--client NAME] [--no-record] [--page]
        Measures what a task costs as waiting tasks, queues, workers, bodies, distance or batches
        grow, against a private server; figures and pictures go to docs/performance. More with --help
  shuttle [--iterations N] [NAME]
        The parts of a pool in N orders each, 1,000 by default, chosen by a scheduler: no thread
        and no server takes part. NAME is a part of a test's name
  tidy          Sizes, module docs, script headers, crate edges, licences, bans
  servers DIR   Puts the five servers' binaries into DIR
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["test", rest @ ..] => match test::Options::parse(rest) {
            Ok(options) => test::run(&options),
            Err(message) => return usage(&message),
        },
        ["callgrind", rest @ ..] => match callgrind::parse(rest) {
            Ok(write) => callgrind::run(write),
            Err(message) => return usage(&message),
        },
        ["ci"] => ci::run(),
        ["faults", rest @ ..] => faults::run(rest),
        ["growth", rest @ ..] => growth::run(rest),
        ["shuttle", rest @ ..] => match shuttle::Options::parse(rest) {
            Ok(options) => shuttle::run(&options),
            Err(message) => return usage(&message),
        },
        ["tidy"] => tidy::run(),
        ["servers", dir] => servers::run(Path::new(dir)),
        ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        [] => return usage("which command?"),
        other => return usage(&format!("unknown: {}", other.join(" "))),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            if error.is::<NoServer>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

fn usage(message: &str) -> ExitCode {
    eprint!("xtask: {message}\n\n{HELP}");
    ExitCode::from(2)
}
