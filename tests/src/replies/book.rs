//! What is written down while replies are lost, and what it must say in the end.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tireless_core::{Error, ErrorKind};

/// The record of one run of the fault.
#[derive(Debug, Default)]
pub(super) struct Book(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    tasks: HashMap<Bytes, Entry>,
    /// Answers that belong to another question, and errors that no lost reply explains.
    foreign: Vec<String>,
    lease_lost: u64,
    crashes_seen: u64,
    errors: u64,
}

/// One task.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    accepted: bool,
    /// How often it is to be run.
    wanted: u32,
    runs: u32,
}

/// What the record says.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Tasks whose push was answered.
    pub accepted: u64,
    /// Of those, tasks that were never run.
    pub lost: u64,
    /// Runs of a task beyond those that it asks for.
    pub excess: u64,
    /// Tasks that were run less often than they ask for, but once at least.
    pub unfinished: u64,
    /// Runs of tasks that nobody has pushed.
    pub unknown: u64,
    /// Outcomes that were refused because the claim did not hold the task.
    pub lease_lost: u64,
    /// Crashes charged to tasks of workers that live.
    pub crashes: u64,
    /// Calls that ended with an error, as they must while replies are lost.
    pub errors: u64,
    /// Answers that belong to another question, and errors that no lost reply explains.
    pub foreign: Vec<String>,
}

impl Book {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A push of these tasks was answered; each is to be run so often.
    pub(super) fn accepted(&self, tasks: impl IntoIterator<Item = (Bytes, u32)>) {
        let mut pages = self.pages();
        for (task, wanted) in tasks {
            let entry = pages.tasks.entry(task).or_default();
            (entry.accepted, entry.wanted) = (true, wanted);
        }
    }

    /// A run of this task begins; how many have begun with it.
    pub(super) fn run(&self, task: Bytes) -> u32 {
        let mut pages = self.pages();
        let entry = pages.tasks.entry(task).or_default();
        entry.runs += 1;
        entry.runs
    }

    /// Something was answered that was not asked.
    pub(super) fn foreign(&self, what: impl Into<String>) {
        self.pages().foreign.push(what.into());
    }

    pub(super) fn lease_lost(&self) {
        self.pages().lease_lost += 1;
    }

    pub(super) fn crashes_seen(&self, crashes: u32) {
        self.pages().crashes_seen += u64::from(crashes);
    }

    /// A call failed: fine if the store could not be asked, foreign else.
    pub(super) fn failed(&self, error: &Error) {
        let mut pages = self.pages();
        pages.errors += 1;
        if !matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout) {
            pages.foreign.push(error.to_string());
        }
    }

    pub(super) fn findings(&self) -> Findings {
        let pages = self.pages();
        let mut findings = Findings {
            lease_lost: pages.lease_lost,
            crashes: pages.crashes_seen,
            errors: pages.errors,
            foreign: pages.foreign.clone(),
            ..Findings::default()
        };
        for entry in pages.tasks.values() {
            if !entry.accepted {
                findings.unknown += 1;
                continue;
            }
            findings.accepted += 1;
            findings.lost += u64::from(entry.runs == 0);
            findings.unfinished += u64::from(entry.runs > 0 && entry.runs < entry.wanted);
            findings.excess += u64::from(entry.runs.saturating_sub(entry.wanted));
        }
        findings
    }
}
