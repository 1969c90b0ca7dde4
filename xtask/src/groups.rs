//! What `cargo xtask test --all` adds to the ordinary tests.
//!
//! A test that needs more than a server says so in its name. In an integration test, and ignored by
//! a plain `cargo test`, since few machines have it:
//!
//! | in the name | needs | in the environment |
//! | --- | --- | --- |
//! | `containers::` | Docker | `TIRELESS_TEST_IMAGE`, `name:tag` |
//! | `redis_py::` | Python with redis-py | `TIRELESS_TEST_PYTHON`, its interpreter |
//!
//! The TLS tests are those of the two clients, and of whole set-ups (`guarded::`). The tests of the two Redis backends and the suite run
//! once more on each server.

use anyhow::{Result, ensure};

use crate::containers;
use crate::docker;
use crate::find_server::{Found, IMAGE_VARIABLE};
use crate::install::Installer;
use crate::process::cache;
use crate::python;
use crate::report::Report;
use crate::servers::{SERVERS, version_of};
use crate::test_binaries::{Built, Counts, Environment, TestBinary};

/// Modules whose tests start servers of their own: left out where no binary can be run, which is
/// where macOS has Docker and no server. A module that is not named here fails there.
pub(crate) const OWN_SERVER: [&str; 11] = [
    "own_server::",
    "guarded::",
    "out_of_memory::",
    "scripts_lost::",
    "outage::",
    "replies::",
    "half_open::",
    "cluster::",
    "durability::",
    "sentinels::",
    "slow_link::",
];

/// Tests of TLS, which not every server is built with.
const TLS: [&str; 5] = [
    "guarded::",
    "tls::",
    "an_authority_of_our_own",
    "a_client_certificate",
    "files_that_are_none",
];

/// Modules that prove what does not depend on the server's version: run on the first one only.
const SAME_EVERYWHERE: [&str; 10] = [
    "property::",
    "in_memory::",
    "crash::",
    "timing::",
    "replies::",
    "half_open::",
    "cluster::conformance::",
    "cluster::a_killed",
    "sentinels::",
    "slow_link::",
];

/// The two that speak to servers.
const BACKENDS: [&str; 2] = ["tireless-backend-redis-rs", "tireless-backend-fred"];

/// What only the whole can promise.
const SUITE: &str = "tireless-tests";

const CONTAINERS: &str = "containers::";
const REDIS_PY: &str = "redis_py::";

/// Why the groups did not run.
pub(crate) const ASK: &str = "runs with: cargo xtask test --all";

/// Set to `optional` where Docker may be absent.
const DOCKER_VARIABLE: &str = "TIRELESS_DOCKER";

/// The arguments that leave the groups out.
pub(crate) fn skips() -> Vec<&'static str> {
    let names = TLS.iter().chain(&[CONTAINERS, REDIS_PY]);
    names.flat_map(|name| ["--skip", name]).collect()
}

/// Whether all tests of a program start servers of their own.
pub(crate) fn starts_servers(test: &TestBinary) -> bool {
    test.kind == "test" && (test.target == "client" || test.package == "tireless-cli")
}

/// Lists everything here as not run.
pub(crate) fn not_run(report: &mut Report, why: &str) {
    for server in SERVERS {
        report.not_run(server.name, why);
    }
    for name in ["TLS", "containers", "redis-py"] {
        report.not_run(name, why);
    }
}

/// Runs everything here; what is missing is a failure.
pub(crate) fn run(built: &Built, found: &Found, installer: Installer, report: &mut Report) {
    for server in SERVERS {
        let mut running = None;
        let ready = report.time(server.name, || {
            let binary = server.fetch(&cache().join("servers"), installer)?;
            let version = version_of(&binary)?;
            if found.is_of(&binary) {
                return Ok(format!("version {version}: all of the above ran on it"));
            }
            running = Some(Found::private(binary)?);
            Ok(format!("version {version}"))
        });
        if let (true, Some(running)) = (ready, running) {
            on_server(built, server.name, &running, report);
        }
    }
    for package in BACKENDS.iter().chain(&[SUITE]) {
        report.time(&format!("TLS: {package}"), || {
            let ours = |test: &TestBinary| test.package == *package;
            group(built, ours, &TLS, &found.environment())
        });
    }
    containers(built, found, installer, report);
    report.time("redis-py", || {
        let python = python::redis_py(installer)?;
        let mut environment = found.environment();
        environment.push(("TIRELESS_TEST_PYTHON", python.display().to_string()));
        group(built, |_| true, &[REDIS_PY], &environment)
    });
}

/// Whether a program is run once more on each server.
fn is_about_servers(test: &TestBinary) -> bool {
    let package = test.package.as_str();
    test.kind == "test" && (package == SUITE || BACKENDS.contains(&package))
}

fn on_server(built: &Built, name: &str, running: &Found, report: &mut Report) {
    let tests: Vec<_> = built.tests.iter().filter(|test| is_about_servers(test)).collect();
    if tests.is_empty() {
        report.missing(&format!("{name}: conformance"), "there are no such tests");
    }
    let runs = tests.into_iter().map(|test| {
        let run = move || {
            let mut args = skips();
            args.extend(SAME_EVERYWHERE.iter().flat_map(|name| ["--skip", name]));
            let counts = built.run(test, &running.environment(), &args)?;
            ensure!(counts.passed > 0, "no test ran");
            Ok(counts.detail())
        };
        (format!("{name}: {}", test.label()), run)
    });
    report.time_together(runs.collect());
}

fn containers(built: &Built, found: &Found, installer: Installer, report: &mut Report) {
    if !docker::answers() {
        let why = "Docker does not answer";
        if std::env::var(DOCKER_VARIABLE).is_ok_and(|value| value == "optional") {
            report.not_run("containers", why);
        } else {
            report.missing("containers", why);
        }
        return;
    }
    let mut may_pull = true;
    for server in SERVERS {
        report.time(&format!("containers: {}", server.image), || {
            let binary = server.fetch(&cache().join("servers"), installer);
            let image = containers::image(&server, binary, &mut may_pull)?;
            let mut environment = found.environment();
            environment.push((IMAGE_VARIABLE, image.clone()));
            let detail = group(built, |_| true, &[CONTAINERS], &environment)?;
            Ok(format!("{detail}, {image}"))
        });
    }
}

/// Runs the tests that have one of these words in their names, in the integration tests chosen; at
/// least one must be there.
fn group(
    built: &Built,
    chosen: impl Fn(&TestBinary) -> bool,
    names: &[&str],
    environment: &Environment,
) -> Result<String> {
    let args: Vec<_> = std::iter::once("--include-ignored").chain(names.iter().copied()).collect();
    let mut sum = Counts::default();
    for test in built.tests.iter().filter(|test| test.kind == "test" && chosen(test)) {
        sum.add(built.run(test, environment, &args)?);
    }
    ensure!(sum.passed > 0, "there is no test with {} in its name", names[0]);
    Ok(sum.detail())
}
