//! All the work of one contestant in one round, in a process of its own.

use anyhow::{Context, Result};

use crate::args::Amounts;
use crate::contestants;
use crate::figures::Figures;
use crate::measure;

/// Before the figures on the last line of a child's output; what peers print goes before it.
const MARK: &str = "figures: ";

/// Measures everything and prints it.
pub(crate) async fn run(name: &str, url: &str, amounts: &Amounts) -> Result<()> {
    let entry = contestants::find(name)?;
    let figures = measure::all(&entry, url, amounts).await?;
    println!("{MARK}{}", serde_json::to_string(&figures)?);
    // Workers of peers may still wait for something that will not come.
    std::process::exit(0);
}

/// What a child has printed.
pub(crate) fn read(output: &str) -> Result<Figures> {
    let line = output.lines().rev().find_map(|line| line.strip_prefix(MARK));
    let line = line.context("it ended without figures")?;
    Ok(serde_json::from_str(line)?)
}
