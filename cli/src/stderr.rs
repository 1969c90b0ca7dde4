//! Standard error of `work` and `run`, written by a thread of its own.
//!
//! A reader that stalls (Ctrl-S, a full pipe) holds up that thread alone: heartbeats, `--health` and
//! signals go on. What waits for it is bounded; lines beyond that are left out, and counted.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::output::counted;

/// Bytes that wait to be written, at most.
const HELD: usize = 256 * 1024;

/// How long what a program says waits for room: a slow reader slows it down and misses nothing.
const ROOM: Duration = Duration::from_secs(1);

/// Time between two looks for room.
const LOOK: Duration = Duration::from_millis(10);

/// How long the end of the process waits for what is not written yet.
const LAST: Duration = Duration::from_secs(1);

/// There once the thread runs; before that, and in other commands, callers write themselves.
static QUEUE: OnceLock<Arc<Queue>> = OnceLock::new();

/// Leaves writing to the thread from now on. Without one, all is written as before.
pub(crate) fn start() {
    let queue = Arc::new(Queue::default());
    let writer = queue.clone();
    let thread = std::thread::Builder::new().name("stderr".into());
    if thread.spawn(move || writer.drain_into(io::stderr())).is_ok() {
        let _started_before = QUEUE.set(queue);
    }
}

/// Writes a text, or leaves it out if too much waits already.
pub(crate) fn write(text: &str) {
    match QUEUE.get() {
        Some(queue) if queue.takes(text) => {}
        Some(queue) => queue.leave_out(text),
        None => drop(io::stderr().lock().write_all(text.as_bytes())),
    }
}

/// Writes what a program said, which waits for room if it has to.
pub(crate) async fn pass_on(text: &str) {
    match QUEUE.get() {
        Some(queue) => queue.take_patiently(text).await,
        None => write(text),
    }
}

/// Waits for what is not written yet, but not for a reader that stalls.
pub(crate) fn flush() {
    if let Some(queue) = QUEUE.get() {
        queue.flush(LAST);
    }
}

/// What waits to be written.
#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    texts: VecDeque<String>,
    /// Their bytes, and those of the text that is being written.
    bytes: usize,
    /// Lines left out behind the texts. While there are some nothing more is taken, so that what is
    /// said about them stands in their place.
    left_out: u64,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a text if there is room for it.
    fn takes(&self, text: &str) -> bool {
        let mut waiting = self.lock();
        if waiting.left_out > 0 || (waiting.bytes > 0 && waiting.bytes + text.len() > HELD) {
            return false;
        }
        waiting.bytes += text.len();
        waiting.texts.push_back(text.to_owned());
        self.changed.notify_all();
        true
    }

    fn leave_out(&self, text: &str) {
        self.lock().left_out += text.lines().count() as u64;
        self.changed.notify_all();
    }

    async fn take_patiently(&self, text: &str) {
        let asked = Instant::now();
        while !self.takes(text) {
            if self.lock().left_out > 0 || asked.elapsed() >= ROOM {
                return self.leave_out(text);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn flush(&self, longest: Duration) {
        let unwritten = |waiting: &mut Waiting| waiting.bytes > 0 || waiting.left_out > 0;
        drop(self.changed.wait_timeout_while(self.lock(), longest, unwritten));
    }

    /// Writes all that comes, for ever.
    fn drain_into(&self, mut sink: impl Write) {
        loop {
            let text = self.next();
            // Whom to tell that it cannot be written?
            let _ = sink.write_all(text.as_bytes());
            self.lock().bytes -= text.len();
            self.changed.notify_all();
        }
    }

    /// The next text, or what is to be said about those that were left out.
    fn next(&self) -> String {
        let nothing = |waiting: &mut Waiting| waiting.texts.is_empty() && waiting.left_out == 0;
        let waiting = self.changed.wait_while(self.lock(), nothing);
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        waiting.texts.pop_front().unwrap_or_else(|| {
            let lines = counted(std::mem::take(&mut waiting.left_out), "line");
            let text = format!("warning: {lines} left out here: standard error was not read\n");
            waiting.bytes += text.len();
            text
        })
    }
}

#[cfg(test)]
#[path = "stderr_tests.rs"]
mod tests;
