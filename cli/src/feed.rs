//! How a body gets to its command: whole, or not at all.
//!
//! A worker that is killed while it writes must not leave a command with half a body. What fits
//! into one atomic write of a pipe goes through the pipe, together with the word to go; anything
//! larger goes through a file, and only its name through the pipe.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use tireless::WorkerId;
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;

/// What one write puts into a pipe wholly or not at all, on every system.
const ATOMIC: usize = 512;

/// The same where it is known to be more.
#[cfg(target_os = "linux")]
const PIPE: usize = 4096;
#[cfg(not(target_os = "linux"))]
const PIPE: usize = ATOMIC;

/// What is written to a command's standard input, in one write.
#[derive(Debug)]
pub(crate) struct Feed {
    line: Vec<u8>,
    /// The file of a large body; its command removes it, and so do we at the end.
    file: Option<PathBuf>,
}

impl Feed {
    /// Prepares a body; writes a file if it is large.
    pub(crate) fn new(body: &[u8]) -> io::Result<Self> {
        if body.len() < PIPE {
            let mut line = Vec::with_capacity(1 + body.len());
            line.push(b'\n');
            line.extend_from_slice(body);
            return Ok(Self { line, file: None });
        }
        let path = std::env::temp_dir().join(format!("tireless-body-{}", WorkerId::new()));
        let mut line = path.as_os_str().as_bytes().to_vec();
        if line.len() >= ATOMIC || line.contains(&b'\n') {
            return Err(io::Error::other("the path of the temporary folder cannot be passed on"));
        }
        line.push(b'\n');
        let feed = Self { line, file: Some(path.clone()) };
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(body)?;
        Ok(feed)
    }

    /// Sends the word to go. A command may have ended already: that shows in its status.
    pub(crate) async fn send(&self, mut pipe: ChildStdin) {
        let _ = pipe.write_all(&self.line).await;
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if let Some(path) = &self.file {
            // Its command has removed it, unless that never came so far.
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
