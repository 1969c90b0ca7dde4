//! What `cargo xtask test --all` adds to the ordinary tests.
//!
//! A test that needs more than a server lives in a module named after its need, in an integration
//! test, and is ignored by a plain `cargo test`:
//!
//! | in the name | needs | in the environment |
//! | --- | --- | --- |
//! | `own_server::` | to start servers | `TIRELESS_TEST_SERVER`, a binary (ordinary: not ignored) |
//! | `tls::` | a server built with TLS | `TIRELESS_TEST_SERVER` |
//! | `containers::` | Docker | `TIRELESS_TEST_IMAGE`, `name:tag` |
//! | `redis_py::` | Python with redis-py | `TIRELESS_TEST_PYTHON`, its interpreter |
//!
//! The conformance tests of the two Redis backends and the suite run once more on each server.

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

/// Tests that start servers of their own.
pub(crate) const OWN_SERVER: &str = "own_server::";

const TLS: &str = "tls::";
const CONTAINERS: &str = "containers::";
const REDIS_PY: &str = "redis_py::";

/// Why the groups did not run.
pub(crate) const ASK: &str = "runs with: cargo xtask test --all";

/// Set to `optional` where Docker may be absent.
const DOCKER_VARIABLE: &str = "TIRELESS_DOCKER";

/// The arguments that leave the groups out.
pub(crate) fn skips() -> Vec<&'static str> {
    [TLS, CONTAINERS, REDIS_PY].iter().flat_map(|group| ["--skip", group]).collect()
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
            running = Some(Found::private(binary)?);
            Ok(format!("version {version}"))
        });
        if let (true, Some(running)) = (ready, running) {
            on_server(built, server.name, &running, report);
        }
    }
    report.time("TLS", || group(built, TLS, &found.environment()));
    containers(built, found, installer, report);
    report.time("redis-py", || {
        let python = python::redis_py(installer)?;
        let mut environment = found.environment();
        environment.push(("TIRELESS_TEST_PYTHON", python.display().to_string()));
        group(built, REDIS_PY, &environment)
    });
}

/// Whether a program is run once more on each server.
fn is_about_servers(test: &TestBinary) -> bool {
    let conforms = ["tireless-backend-redis-rs", "tireless-backend-fred"];
    test.kind == "test"
        && (test.package == "tireless-tests"
            || (test.target == "conformance" && conforms.contains(&test.package.as_str())))
}

fn on_server(built: &Built, name: &str, running: &Found, report: &mut Report) {
    let tests: Vec<_> = built.tests.iter().filter(|test| is_about_servers(test)).collect();
    if tests.is_empty() {
        report.missing(&format!("{name}: conformance"), "there are no such tests");
    }
    for test in tests {
        report.time(&format!("{name}: {}", test.label()), || {
            let counts = built.run(test, &running.environment(), &skips())?;
            ensure!(counts.passed > 0, "no test ran");
            Ok(counts.detail())
        });
    }
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
            Ok(format!("{}, {image}", group(built, CONTAINERS, &environment)?))
        });
    }
}

/// Runs the tests of one group in all integration tests; at least one must be there.
fn group(built: &Built, name: &str, environment: &Environment) -> Result<String> {
    let mut sum = Counts::default();
    for test in built.tests.iter().filter(|test| test.kind == "test") {
        sum.add(built.run(test, environment, &["--include-ignored", name])?);
    }
    ensure!(sum.passed > 0, "there is no test with {name} in its name");
    Ok(sum.detail())
}
