//! Records: one line of JSON a run, appended to `docs/faults/NAME.json`.
//!
//! Lines, and not one array, so that two branches that both append merge without a conflict.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// What one run of a fault gave.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct Record {
    /// The fault.
    pub fault: String,
    /// When it ended, by RFC 3339 in UTC.
    pub date: String,
    /// The client library.
    pub client: String,
    /// 1 is the full bar.
    pub scale: f64,
    /// How often the fault was done.
    pub n: u64,
    /// Name and version of the server.
    pub server: String,
    /// Version of tireless, with the commit.
    pub tireless: String,
    /// How it was compiled.
    pub build: String,
    /// The broken broker that stood in; none for the true one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// How long it took, in seconds.
    pub seconds: u64,
    /// Figures that add up over runs.
    pub counts: BTreeMap<String, u64>,
    /// Figures of which the highest over runs counts.
    pub worst: BTreeMap<String, f64>,
    /// What was held against the bar; empty for a pass.
    pub breaches: Vec<String>,
}

impl Record {
    /// Whether the bar was kept.
    pub fn passed(&self) -> bool {
        self.breaches.is_empty()
    }
}

/// The repository's folder of records.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/faults")
}

/// Appends a record to the file of its fault; runs with broken brokers have a file of their own.
///
/// # Errors
/// Those of the file system.
pub fn append(folder: &Path, record: &Record) -> Result<()> {
    fs::create_dir_all(folder)?;
    let name = if record.broken.is_some() { "broken" } else { &record.fault };
    let path = folder.join(format!("{name}.json"));
    let file = OpenOptions::new().create(true).append(true).open(&path);
    let mut file = file.with_context(|| path.display().to_string())?;
    file.write_all(format!("{}\n", serde_json::to_string(record)?).as_bytes())?;
    Ok(())
}

/// Reads the records of a file, which may be missing.
///
/// # Errors
/// When a line is no record.
pub fn read(folder: &Path, name: &str) -> Result<Vec<Record>> {
    let path = folder.join(format!("{name}.json"));
    let Ok(text) = fs::read_to_string(&path) else { return Ok(Vec::new()) };
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let record = |line| serde_json::from_str(line).with_context(|| path.display().to_string());
    lines.map(record).collect()
}

/// Now, as records have it.
pub fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

#[cfg(test)]
pub(crate) fn sample(fault: &str) -> Record {
    Record {
        fault: fault.to_owned(),
        date: "2026-11-26T10:00:00Z".to_owned(),
        client: "fred".to_owned(),
        scale: 0.5,
        n: 150,
        server: "redis 7.0.15".to_owned(),
        tireless: "0.1.0".to_owned(),
        build: "debug".to_owned(),
        broken: None,
        seconds: 60,
        counts: BTreeMap::from([("lost".to_owned(), 0), ("tasks".to_owned(), 100)]),
        worst: BTreeMap::from([("recovery, s".to_owned(), 1.5)]),
        breaches: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_appended_and_read_again() {
        let folder = std::env::temp_dir().join(format!("fault-records-{}", std::process::id()));
        let record = sample("some");
        append(&folder, &record).unwrap();
        append(&folder, &Record { n: 1, ..record.clone() }).unwrap();
        append(&folder, &Record { broken: Some("Some".to_owned()), ..record.clone() }).unwrap();
        let read_again = read(&folder, "some").unwrap();
        assert_eq!(read(&folder, "broken").unwrap().len(), 1);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(read_again, [record.clone(), Record { n: 1, ..record }]);
        assert_eq!(read(&folder, "none").unwrap(), []);
    }
}
