//! All figures of all rounds, for programs.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Report;

pub(crate) fn write(report: &Report, path: &Path) -> Result<()> {
    let text = serde_json::to_string_pretty(report)? + "\n";
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
