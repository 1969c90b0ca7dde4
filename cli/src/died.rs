//! Which lines of an input failed for good.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tireless::{Event, TaskId};

use crate::output::note;
use crate::view::preview;

/// Numbers that are kept for programs; more of them say little, and an input may be endless.
const KEPT: usize = 1_000;

/// Characters of a body that are shown.
const SHOWN: usize = 60;

/// The lines that are on their way, and those that died.
#[derive(Debug, Default)]
pub(crate) struct DiedLines(Mutex<Lines>);

#[derive(Debug, Default)]
struct Lines {
    under_way: HashMap<TaskId, (u64, String)>,
    died: Vec<u64>,
}

impl DiedLines {
    /// Learns which line a task is; before the task is pushed.
    pub(crate) fn expect(&self, task: TaskId, line: u64, body: &[u8]) {
        let start = preview(body, SHOWN);
        self.lock().under_way.insert(task, (line, start));
    }

    /// Learns what became of a task, and says so if it died.
    pub(crate) fn observe(&self, event: &Event) {
        let (Event::Done { run, .. } | Event::Buried { run, .. }) = event else { return };
        let mut lines = self.lock();
        let Some((line, start)) = lines.under_way.remove(&run.id) else { return };
        if matches!(event, Event::Buried { .. }) {
            if lines.died.len() < KEPT {
                lines.died.push(line);
            }
            drop(lines);
            note(format!("line {line} has failed for good: {start}"));
        }
    }

    /// The numbers of the first lines that died, in their order.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        let mut died = self.lock().died.clone();
        died.sort_unstable();
        died
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
