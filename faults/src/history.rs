//! The history: what a process did and when, one line an event, appended to a file of its own.
//!
//! A line is written with one call and never changed, so a killed process has said all it did. Times
//! are microseconds of the kernel's monotonic clock, which nobody can set and which all
//! processes of a machine share.

mod clock;
mod word;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

pub use clock::now;
pub use word::Word;

/// A moment: microseconds of the monotonic clock.
pub type Moment = u64;

/// A duration in the unit of moments.
pub fn micros(duration: Duration) -> Moment {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX / 4)
}

/// What happened, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Moment,
    /// What.
    pub word: Word,
}

/// All that one process wrote, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The process.
    pub process: String,
    /// What it did.
    pub events: Vec<Event>,
}

/// Writes the history of this process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pen {
    file: Arc<File>,
}

impl Pen {
    /// Opens the file, which is made if it is not there.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.with_context(|| path.display().to_string())?;
        Ok(Self { file: Arc::new(file) })
    }

    /// Appends one event.
    ///
    /// # Errors
    /// Those of the file system; the history is then incomplete and proves nothing.
    pub fn write(&self, word: Word) -> Result<Moment> {
        self.write_all([word])
    }

    /// Appends events of the same moment in one write.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_all(&self, words: impl IntoIterator<Item = Word>) -> Result<Moment> {
        let at = now();
        let lines: String = words.into_iter().map(|word| format!("{at} {word}\n")).collect();
        (&*self.file).write_all(lines.as_bytes()).context("the history cannot be written")?;
        Ok(at)
    }
}

impl Pen {
    /// As [`write_all`](Self::write_all), but ends the process where that fails: a history with a hole
    /// proves nothing, and a harness takes such an end for an error.
    pub fn write_or_exit(&self, words: impl IntoIterator<Item = Word>) {
        if let Err(error) = self.write_all(words) {
            eprintln!("{error:#}");
            std::process::exit(4);
        }
    }
}

/// Reads the history of one process; its name is that of the file.
///
/// # Errors
/// Those of the file system, and lines that are none. A last line that a killed process did not end
/// is left out.
pub fn read(path: &Path) -> Result<History> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let process = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let events = whole.lines().map(|line| {
        let (at, word) = line.split_once(' ').with_context(|| format!("no event: {line}"))?;
        Ok(Event { at: at.parse()?, word: word.parse()? })
    });
    Ok(History { process, events: events.collect::<Result<_>>()? })
}

/// Reads all histories of a folder, sorted by process.
///
/// # Errors
/// As [`read`].
pub fn read_all(dir: &Path) -> Result<Vec<History>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir)? {
        paths.push(entry?.path());
    }
    paths.sort();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "history"));
    paths.iter().map(|path| read(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_without_the_torn_end() {
        let path = std::env::temp_dir().join(format!("history-{}.history", std::process::id()));
        let pen = Pen::open(&path).unwrap();
        let words = [Word::Push { id: 7, after_ms: 0 }, Word::Ok { id: 7 }];
        pen.write_all(words).unwrap();
        (&*pen.file).write_all(b"123 star").unwrap();
        let history = read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(history.events.iter().map(|event| event.word).collect::<Vec<_>>(), words);
        assert!(history.events[0].at > 0 && history.process.starts_with("history-"));
    }
}
