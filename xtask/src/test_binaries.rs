//! The tests as cargo builds them: one program for each test target, run one by one or beside others.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::{capture, cargo, name};
use crate::report::REPORT_VARIABLE;

/// One program may take this long; then it hangs and is killed.
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// So many failed tests of one program are run once more, alone; more are no chance.
const AGAIN: usize = 2;

/// How a test program ends that ran to its end and had failed tests.
const TESTS_FAILED: i32 = 101;

/// Names and values for the environment of tests.
pub(crate) type Environment = Vec<(&'static str, String)>;

/// A test program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TestBinary {
    pub(crate) package: String,
    pub(crate) target: String,
    /// `lib`, `bin`, `test`, `example`, ..
    pub(crate) kind: String,
    path: PathBuf,
    dir: PathBuf,
}

/// What `cargo test` builds for the workspace.
#[derive(Debug, Default)]
pub(crate) struct Built {
    pub(crate) tests: Vec<TestBinary>,
    /// The ordinary programs of the workspace, by name.
    programs: Vec<(String, PathBuf)>,
}

/// How many tests ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    ignored: u64,
    /// Those of `passed` that passed only when they were run again.
    unsteady: u64,
}

impl Counts {
    /// Whether the program holds no test at all, none left out by `--skip` either.
    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// When all that failed passed alone.
    fn mended(self) -> Self {
        let passed = self.passed + self.failed;
        Self { passed, failed: 0, unsteady: self.failed, ..self }
    }

    /// For the list.
    pub(crate) fn detail(self) -> String {
        let tests = if self.passed == 1 { "test" } else { "tests" };
        let mut detail = format!("{} {tests}", self.passed);
        for (count, what) in [(self.ignored, "ignored"), (self.unsteady, "UNSTEADY: see above")] {
            if count > 0 {
                detail = format!("{detail}, {count} {what}");
            }
        }
        detail
    }

    /// Sums up.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.unsteady += other.unsteady;
    }
}

impl Built {
    /// Builds everything.
    pub(crate) fn workspace() -> Result<Self> {
        let mut command = cargo();
        command.args(["test", "--workspace", "--no-run"]);
        command.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
        let what = name(&command);
        let output = command.output().with_context(|| what)?;
        if !output.status.success() {
            bail!("the tests do not build");
        }
        Ok(Self::parse(&String::from_utf8_lossy(&output.stdout)))
    }

    fn parse(messages: &str) -> Self {
        let mut built = Self::default();
        for line in messages.lines() {
            let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
            let Some(path) = message["executable"].as_str() else { continue };
            let target = message["target"]["name"].as_str().unwrap_or_default().to_owned();
            if message["profile"]["test"] != true {
                built.programs.push((target, path.into()));
                continue;
            }
            let manifest = Path::new(message["manifest_path"].as_str().unwrap_or_default());
            built.tests.push(TestBinary {
                package: package_name(message["package_id"].as_str().unwrap_or_default()),
                target,
                kind: message["target"]["kind"][0].as_str().unwrap_or_default().to_owned(),
                path: path.into(),
                dir: manifest.parent().unwrap_or(Path::new("")).to_path_buf(),
            });
        }
        built.tests.sort_by(|a, b| (&a.package, &a.target).cmp(&(&b.package, &b.target)));
        built
    }

    /// Runs one program, as cargo would run it. Its output is shown if it fails, and what failed is
    /// run once more if it is little.
    pub(crate) fn run(
        &self,
        test: &TestBinary,
        environment: &Environment,
        args: &[&str],
    ) -> Result<Counts> {
        let mut whole = self.command(test, environment);
        whole.args(args);
        if test.kind == "test" {
            // Integration tests mostly wait: for servers, leases, deadlines.
            whole.arg("--test-threads=12");
        }
        let (status, output) = capture(&mut whole, LIMIT)?;
        let counts = parse_counts(&output);
        if status.is_some_and(|status| status.success()) {
            return Ok(counts.unwrap_or(Counts { passed: 1, ..Counts::default() }));
        }
        println!("---- {} ----\n{output}---- end of {} ----", test.label(), test.label());
        let Some(status) = status else {
            bail!("killed after {} minutes", LIMIT.as_secs() / 60);
        };
        let Some(counts) = counts.filter(|counts| counts.failed > 0) else { bail!("{status}") };
        let names = failed_tests(&output);
        let again = may_try_again(status.code(), counts, &names);
        if again && self.pass_alone(test, environment, &names)? {
            return Ok(counts.mended());
        }
        let (failed, all) = (counts.failed, counts.failed + counts.passed);
        bail!("{failed} of {all} tests failed ({status})\n{}", names.join("\n"))
    }

    /// Whether tests that failed beside others all pass alone. Such a test is at fault, or has found
    /// a fault that hides: the list says so, and it is somebody's next task.
    fn pass_alone(
        &self,
        test: &TestBinary,
        environment: &Environment,
        names: &[&str],
    ) -> Result<bool> {
        for name in names {
            let mut alone = self.command(test, environment);
            alone.args([name, "--exact", "--include-ignored"]);
            let (status, output) = capture(&mut alone, LIMIT)?;
            let ran = parse_counts(&output).is_some_and(|counts| counts.passed == 1);
            if !ran || !status.is_some_and(|status| status.success()) {
                println!("alone too, {name} fails:\n{output}");
                return Ok(false);
            }
            println!("UNSTEADY {name}: passed alone");
        }
        Ok(true)
    }

    /// One program, as cargo would run it.
    fn command(&self, test: &TestBinary, environment: &Environment) -> Command {
        let mut command = crate::process::command(&test.path);
        command.current_dir(&test.dir);
        command.env("CARGO_MANIFEST_DIR", &test.dir).env("CARGO_PKG_NAME", &test.package);
        // Ours alone: the tests of this very program make lists too.
        command.env_remove(REPORT_VARIABLE);
        for (name, path) in &self.programs {
            command.env(format!("CARGO_BIN_EXE_{name}"), path);
        }
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl TestBinary {
    /// Its name in the list.
    pub(crate) fn label(&self) -> String {
        match self.kind.as_str() {
            "test" => format!("{}: {}", self.package, self.target),
            "bin" | "example" => format!("{}: unit tests of {}", self.package, self.target),
            _ => format!("{}: unit tests", self.package),
        }
    }
}

/// `path+file:///a/core#tireless-core@0.1.0`, or `path+file:///a/xtask#0.1.0` where folder and
/// package have one name.
fn package_name(id: &str) -> String {
    let (path, version) = id.rsplit_once('#').unwrap_or((id, ""));
    let name = match version.split_once('@') {
        Some((name, _)) => name,
        None => path.rsplit('/').next().unwrap_or(path),
    };
    name.to_owned()
}

/// The sum of all `test result:` lines; none if there is no such line.
pub(crate) fn parse_counts(output: &str) -> Option<Counts> {
    let mut sum = None;
    for line in output.lines() {
        let Some((_, rest)) = line.split_once("test result: ") else { continue };
        let count = |word: &str| {
            let part = rest.split([';', '.']).find(|part| part.ends_with(word))?;
            part.trim().split(' ').next()?.parse().ok()
        };
        sum.get_or_insert(Counts::default()).add(Counts {
            passed: count(" passed").unwrap_or_default(),
            failed: count(" failed").unwrap_or_default(),
            ignored: count(" ignored").unwrap_or_default(),
            unsteady: 0,
        });
    }
    sum
}

/// Whether a program that ended so gets a second try: it did nothing worse than to fail one or two
/// tests, and all of these are known.
fn may_try_again(code: Option<i32>, counts: Counts, names: &[&str]) -> bool {
    let known = u64::try_from(names.len()) == Ok(counts.failed);
    code == Some(TESTS_FAILED) && known && (1..=AGAIN).contains(&names.len())
}

/// The names that a program lists at its end, after what the failed tests printed.
fn failed_tests(output: &str) -> Vec<&str> {
    let Some((_, list)) = output.rsplit_once("\nfailures:\n") else { return Vec::new() };
    list.lines().map_while(|line| line.strip_prefix("    ")).collect()
}

#[cfg(test)]
#[path = "test_binaries_tests.rs"]
mod tests;
