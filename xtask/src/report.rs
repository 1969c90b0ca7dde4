//! The list of what ran and what did not.

use std::fmt::Write as _;
use std::fs;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// Names a file into which `test` writes its list, for `ci` to take it into its own.
pub(crate) const REPORT_VARIABLE: &str = "TIRELESS_REPORT";

/// How a row ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed,
    NotRun,
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
    pub(crate) detail: String,
    pub(crate) took: Duration,
}

impl Row {
    /// How something went, and how long it took; nothing, if there was nothing to do.
    fn timed(name: &str, work: impl FnOnce() -> Result<Option<String>>) -> Option<Self> {
        let begin = Instant::now();
        let (outcome, detail) = match work() {
            Ok(Some(detail)) => (Outcome::Passed, detail),
            Ok(None) => return None,
            Err(error) => (Outcome::Failed, format!("{error:#}")),
        };
        Some(Self { name: name.to_owned(), outcome, detail, took: begin.elapsed() })
    }
}

/// The list. Every row is printed as it is added, and all of them at the end.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// Does something and adds how it went: its answer is the detail, its error the failure.
    pub(crate) fn time(&mut self, name: &str, work: impl FnOnce() -> Result<String>) -> bool {
        self.time_if_any(name, || work().map(Some))
    }

    /// The same, but adds nothing if the answer is that there was nothing to do.
    pub(crate) fn time_if_any(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<Option<String>>,
    ) -> bool {
        let Some(row) = Row::timed(name, work) else { return true };
        let passed = row.outcome == Outcome::Passed;
        self.add(row);
        passed
    }

    /// Does several things at the same time, which mostly wait, and adds how each went, in their order.
    pub(crate) fn time_together<W>(&mut self, works: Vec<(String, W)>)
    where
        W: FnOnce() -> Result<String> + Send,
    {
        let rows: Vec<_> = thread::scope(|scope| {
            let begin = |(name, work): (String, W)| {
                let timed = move || Row::timed(&name, || work().map(Some));
                scope.spawn(timed)
            };
            let running: Vec<_> = works.into_iter().map(begin).collect();
            running
                .into_iter()
                .map(|work| work.join().unwrap_or_else(|p| resume_unwind(p)))
                .collect()
        });
        rows.into_iter().flatten().for_each(|row| self.add(row));
    }

    /// Adds what did not run, and why.
    pub(crate) fn not_run(&mut self, name: &str, why: &str) {
        self.add(Row {
            name: name.to_owned(),
            outcome: Outcome::NotRun,
            detail: why.to_owned(),
            took: Duration::ZERO,
        });
    }

    /// Adds a failure that took no time: something is missing.
    pub(crate) fn missing(&mut self, name: &str, why: &str) {
        self.time(name, || Err(anyhow::anyhow!("{why}")));
    }

    fn add(&mut self, row: Row) {
        println!("{}", line(&row, row.name.len().max(44)));
        self.rows.push(row);
    }

    /// Prints the list with its totals, or hands it on to `ci` if that asked, and tells whether all
    /// is well: something ran and nothing failed.
    pub(crate) fn finish(&self) -> Result<bool> {
        match std::env::var_os(REPORT_VARIABLE) {
            Some(path) => self.save(Path::new(&path))?,
            None => self.print(),
        }
        Ok(self.count(Outcome::Failed) == 0 && self.count(Outcome::Passed) > 0)
    }

    fn print(&self) {
        let width = self.rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
        println!("\nWhat ran and what did not:");
        for row in &self.rows {
            println!("{}", line(row, width));
        }
        self.failures().for_each(|failure| println!("{failure}"));
        println!("{}", self.totals());
    }

    /// All that is known of failures that one line does not hold, once more where it is found.
    fn failures(&self) -> impl Iterator<Item = String> {
        let failed = self.rows.iter().filter(|row| row.outcome == Outcome::Failed);
        let long = failed.filter(|row| row.detail.lines().count() > 1);
        long.map(|row| format!("\n{}:\n{}\n", row.name, row.detail))
    }

    fn totals(&self) -> String {
        let mut totals = format!(
            "{} passed, {} failed",
            self.count(Outcome::Passed),
            self.count(Outcome::Failed)
        );
        match self.count(Outcome::NotRun) {
            0 => {}
            count => {
                let _ = write!(totals, ", {count} not run");
            }
        }
        totals
    }

    fn count(&self, outcome: Outcome) -> usize {
        self.rows.iter().filter(|row| row.outcome == outcome).count()
    }

    fn save(&self, path: &Path) -> Result<()> {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let millis = u64::try_from(row.took.as_millis()).unwrap_or(u64::MAX);
                json!([row.name, word(row.outcome), row.detail, millis])
            })
            .collect();
        fs::write(path, Value::from(rows).to_string()).with_context(|| path.display().to_string())
    }

    /// Takes in a list that another process saved, without printing it again.
    pub(crate) fn load(&mut self, path: &Path) -> Result<()> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let rows: Vec<Value> = serde_json::from_str(&text)?;
        for row in &rows {
            let text = |at: usize| row[at].as_str().unwrap_or_default().to_owned();
            let outcome = match text(1).as_str() {
                "passed" => Outcome::Passed,
                "not run" => Outcome::NotRun,
                _ => Outcome::Failed,
            };
            let took = Duration::from_millis(row[3].as_u64().unwrap_or_default());
            self.rows.push(Row { name: text(0), outcome, detail: text(2), took });
        }
        Ok(())
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "FAILED",
        Outcome::NotRun => "not run",
    }
}

fn line(row: &Row, width: usize) -> String {
    let Row { name, outcome, detail, took } = row;
    let time = match outcome {
        Outcome::NotRun => String::new(),
        _ => format!("{:.1} s", took.as_secs_f64()),
    };
    // The list keeps to one line each.
    let detail = detail.lines().next().unwrap_or_default();
    format!("  {:<8} {name:<width$} {time:>9}  {detail}", word(*outcome)).trim_end().to_owned()
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
