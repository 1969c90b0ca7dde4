//! Running other programs.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The folder for what cargo builds.
pub(crate) fn target() -> PathBuf {
    // Relative to where cargo was called, which is where this process was started.
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => std::env::current_dir().unwrap_or_default().join(dir),
        None => root().join("target"),
    }
}

/// The folder for what this program fetches and builds: part of cargo's, so that `cargo clean`
/// removes it.
pub(crate) fn cache() -> PathBuf {
    target().join("xtask")
}

/// A program, in the repository's root and without what `cargo run` put into the environment:
/// build scripts that read it would run again with every change between `cargo` and `cargo xtask`.
pub(crate) fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    command.current_dir(root()).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let from_cargo = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
        if from_cargo.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command
}

/// Cargo itself.
pub(crate) fn cargo() -> Command {
    command(std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from))
}

/// Runs to the end, the output going where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<bool> {
    let name = name(command);
    Ok(command.status().with_context(|| name)?.success())
}

/// Runs to the end and shows what it prints, its errors at once; whether it succeeded, and its output.
pub(crate) fn shown(command: &mut Command) -> Result<(bool, String)> {
    let name = name(command);
    let output = command.stderr(Stdio::inherit()).output().context(name)?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    print!("{printed}");
    Ok((output.status.success(), printed))
}

/// Runs to the end; the output if it succeeds, an error that shows it if not.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let name = name(command);
    let output = command.output().with_context(|| name.clone())?;
    if !output.status.success() {
        let told = [&output.stdout[..], &output.stderr[..]].concat();
        bail!("{name} failed: {}", String::from_utf8_lossy(&told).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program can be started and succeeds, in silence.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs to the end or to the limit, when it is killed; its status (none at the limit) and all it
/// wrote.
pub(crate) fn capture(
    command: &mut Command,
    limit: Duration,
) -> Result<(Option<ExitStatus>, String)> {
    let name = name(command);
    let (mut reader, writer) = std::io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().with_context(|| name)?;
    // The command holds our ends of the pipe: with them open, reading would never end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (sender, written) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 64 * 1024];
        while let Ok(length @ 1..) = reader.read(&mut buffer) {
            if sender.send(buffer[..length].to_vec()).is_err() {
                return;
            }
        }
    });
    let begin = Instant::now();
    let mut all = Vec::new();
    let status = loop {
        match written.recv_timeout(Duration::from_millis(20)) {
            Ok(bytes) => all.extend(bytes),
            // The pipe is closed, and then only the status is missing.
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
        }
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if begin.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            break None;
        }
    };
    // What a grandchild that outlives it writes later is not waited for.
    while let Ok(bytes) = written.recv_timeout(Duration::from_millis(100)) {
        all.extend(bytes);
    }
    Ok((status, String::from_utf8_lossy(&all).into_owned()))
}

/// Whether the path has a program of this name.
pub(crate) fn on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(name).is_file())
}

/// The command as one would type it, for messages.
pub(crate) fn name(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
