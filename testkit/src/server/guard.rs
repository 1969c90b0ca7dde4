//! What ends a server whose test process died without a word.

use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A process that kills the server and removes its folder once our end of its pipe closes.
#[derive(Debug)]
pub(super) struct Guard(pub(super) Child);

impl Guard {
    pub(super) fn new(pid: u32, dir: &Path) -> io::Result<Self> {
        let script =
            "trap '' INT TERM HUP; read -r _; kill -9 \"$0\" 2>/dev/null; rm -rf -- \"$1\"";
        let mut command = Command::new("sh");
        command.args(["-c", script]).arg(pid.to_string()).arg(dir).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map(Self)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Killed before its pipe closes, so it does nothing.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
