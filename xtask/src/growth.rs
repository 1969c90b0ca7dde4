//! `cargo xtask growth`: builds the curves' program and runs it with a server's binary.

use anyhow::{Result, ensure};

use crate::faults::server_binary;
use crate::process::{cargo, run as run_command, target};
use crate::server::SERVER_VARIABLE;

/// Runs it with these words; whether all bars that were measured are met.
pub(crate) fn run(words: &[&str]) -> Result<bool> {
    let binary = server_binary()?;
    // Optimised: half of what is measured is our own code.
    let build = ["build", "--quiet", "--release", "--package", "tireless-growth"];
    ensure!(run_command(cargo().args(build))?, "the curves' program does not build");
    let mut growth = crate::process::command(target().join("release/tireless-growth"));
    run_command(growth.args(words).env(SERVER_VARIABLE, binary))
}
