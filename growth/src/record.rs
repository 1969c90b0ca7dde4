//! Records: what one run of a curve gave, in `docs/performance/NAME.json`, the last run only.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// The figures of one size, by name.
pub type Row = BTreeMap<String, f64>;

/// A run of a curve.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct Record {
    /// The curve.
    pub curve: String,
    /// When it ended, by RFC 3339 in UTC.
    pub date: String,
    /// Name and version of the server.
    pub server: String,
    /// The client library.
    pub client: String,
    /// How far it went.
    pub scale: String,
    /// Version of tireless, with the commit.
    pub tireless: String,
    /// How it was compiled.
    pub build: String,
    /// Processors of the machine.
    pub processors: usize,
    /// How many processes others had running before it began, on average over a minute: well
    /// below the processors, or the times are not to be trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<f64>,
    /// How long it took, in seconds.
    pub seconds: u64,
    /// One a size, in order.
    pub rows: Vec<Row>,
}

impl Record {
    /// The row where a figure has this value.
    pub fn row(&self, name: &str, value: f64) -> Option<&Row> {
        self.rows.iter().find(|row| row.get(name) == Some(&value))
    }

    /// The name of its files: that of the curve, and of a client that is not the usual one.
    pub fn stem(&self) -> String {
        match self.client.as_str() {
            "redis-rs" => self.curve.clone(),
            other => format!("{}-{other}", self.curve),
        }
    }
}

/// A row of figures, rounded to what a measurement is worth.
pub fn row<const N: usize>(figures: [(&str, f64); N]) -> Row {
    figures.into_iter().map(|(name, value)| (name.to_owned(), rounded(value))).collect()
}

fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// The repository's folder of records.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/performance")
}

/// Writes a record over the one before.
///
/// # Errors
/// Those of the file system.
pub fn write(folder: &Path, record: &Record) -> Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{}.json", record.stem()));
    let text = serde_json::to_string(record)?.replace("[{", "[\n  {").replace("},{", "},\n  {");
    fs::write(&path, format!("{text}\n")).with_context(|| path.display().to_string())
}

/// Reads a record; none if there is none.
///
/// # Errors
/// When the file is no record.
pub fn read(folder: &Path, stem: &str) -> Result<Option<Record>> {
    let path = folder.join(format!("{stem}.json"));
    let Ok(text) = fs::read_to_string(&path) else { return Ok(None) };
    serde_json::from_str(&text).map(Some).with_context(|| path.display().to_string())
}

/// Now, as records have it.
pub fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// The machine's load over the last minute, where the system tells it.
pub fn load() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// The version, with the commit where that can be asked for.
pub fn version() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut git = Command::new("git");
    git.args(["-C", env!("CARGO_MANIFEST_DIR"), "rev-parse", "--short", "HEAD"]);
    match git.output() {
        Ok(output) if output.status.success() => {
            format!("{version} at {}", String::from_utf8_lossy(&output.stdout).trim())
        }
        _ => version.to_owned(),
    }
}

#[cfg(test)]
pub(crate) fn sample(curve: &str, rows: Vec<Row>) -> Record {
    Record {
        curve: curve.to_owned(),
        date: "2026-11-26T10:00:00Z".to_owned(),
        server: "redis 7.0.15".to_owned(),
        client: "redis-rs".to_owned(),
        scale: "small".to_owned(),
        tireless: "0.1.0".to_owned(),
        build: "release".to_owned(),
        processors: 2,
        load: Some(0.25),
        seconds: 60,
        rows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_record_is_read_again() {
        let folder = std::env::temp_dir().join(format!("growth-records-{}", std::process::id()));
        let record = sample("batch", vec![row([("a", 1.0)]), row([("a", 2.000_04), ("b", 3.0)])]);
        let fred = Record { client: "fred".to_owned(), ..record.clone() };
        write(&folder, &sample("batch", Vec::new())).unwrap();
        write(&folder, &record).unwrap();
        write(&folder, &fred).unwrap();
        let again = [read(&folder, "batch").unwrap(), read(&folder, "batch-fred").unwrap()];
        assert_eq!(read(&folder, "none").unwrap(), None);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(again, [Some(record.clone()), Some(fred)]);
        assert_eq!(record.row("a", 2.0), Some(&row([("a", 2.0), ("b", 3.0)])));
    }
}
