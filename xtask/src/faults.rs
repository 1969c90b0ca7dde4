//! `cargo xtask faults`: builds the fault harness and runs it with a server's binary.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::find_server::NoServer;
use crate::install::{FAKETIME, Installer, REDIS};
use crate::process::{cargo, command, on_path, run as run_command, shown, target};
use crate::server::{SERVER_VARIABLE, find_binary};

/// Begins the lines in which the harness says at its end what failed.
const FAILED: &str = "FAILED ";

/// Runs the harness with these words; whether all went well.
pub(crate) fn run(words: &[&str]) -> Result<bool> {
    run_command(&mut harness(words)?)
}

/// The harness with these words, built.
fn harness(words: &[&str]) -> Result<Command> {
    let binary = server_binary()?;
    build()?;
    let mut harness = command(target().join("debug/tireless-faults"));
    harness.args(words).env(SERVER_VARIABLE, binary);
    Ok(harness)
}

/// A server's binary, installed where there is none and that may be done.
pub(crate) fn server_binary() -> Result<PathBuf> {
    if let Ok(binary) = find_binary() {
        return Ok(binary);
    }
    let installer = Installer::here(false);
    if !installer.may() {
        bail!(NoServer::advising(installer));
    }
    installer.install(REDIS)?;
    Ok(find_binary()?)
}

fn build() -> Result<()> {
    let built = run_command(cargo().args(["build", "--quiet", "--package", "tireless-faults"]))?;
    ensure!(built, "the fault harness does not build");
    Ok(())
}

/// The small scale of each, without records: what a change must pass.
pub(crate) fn small() -> Result<String> {
    let installer = Installer::here(false);
    if !on_path("faketime") && installer.may() {
        installer.install(FAKETIME)?;
    }
    let (passed, table) = shown(&mut harness(&["--small", "--no-record"])?)?;
    let failed: Vec<_> = table.lines().filter(|line| line.starts_with(FAILED)).collect();
    ensure!(passed && failed.is_empty(), "see its table\n{}", failed.join("\n"));
    Ok("all at their small scale, see the table".to_owned())
}
