//! Docker, as far as the tests need it.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::{command, on_path, output, succeeds};

/// Whether Docker is there and answers.
pub(crate) fn answers() -> bool {
    on_path("docker") && succeeds(command("docker").arg("info"))
}

/// Whether an image is here already.
pub(crate) fn has(image: &str) -> bool {
    succeeds(command("docker").args(["image", "inspect", image]))
}

/// Whether an image is here or can be pulled.
pub(crate) fn obtain(image: &str) -> bool {
    has(image) || succeeds(command("docker").args(["pull", "--quiet", image]))
}

/// A server in a container, on a port that Docker chose. Removed when dropped, and by a guard
/// process when this one dies without a word.
#[derive(Debug)]
pub(crate) struct Container {
    name: String,
    guard: Child,
    url: String,
}

impl Container {
    /// Starts the image and waits until its server answers.
    pub(crate) fn start(image: &str) -> Result<Self> {
        let name = format!("tireless-test-{}", std::process::id());
        let script = "trap '' INT TERM HUP; read -r _; docker rm -f \"$0\"";
        let mut guard = command("sh");
        guard.args(["-c", script, &name]);
        guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let guard = guard.spawn().context("sh")?;
        let mut container = Self { name, guard, url: String::new() };
        let run = ["run", "--detach", "--rm", "--publish", "127.0.0.1::6379", "--name"];
        output(command("docker").args(run).args([&container.name, image]))?;
        let address = output(command("docker").args(["port", &container.name, "6379/tcp"]))?;
        let address = address.lines().next().unwrap_or_default().trim();
        container.url = format!("redis://{address}");
        let begin = Instant::now();
        while !container.ready() {
            if begin.elapsed() > Duration::from_secs(30) {
                bail!("the server in {image} does not answer at {address}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(container)
    }

    /// Asked through Docker's own log: a forwarded port accepts before there is a server behind.
    fn ready(&self) -> bool {
        let mut logs = command("docker");
        logs.args(["logs", &self.name]);
        output(&mut logs).is_ok_and(|log| log.contains("Ready to accept connections"))
    }

    /// The URL of the server.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // The guard removes the container once its pipe closes.
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}
