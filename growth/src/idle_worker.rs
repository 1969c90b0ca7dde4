//! An idle worker: a process with a pool of default settings that tells when a handler starts.

use std::collections::HashMap;
use std::io::Read;
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, pending};
use tireless::{Client, Context, Envelope, Handle, Verdict};

use crate::drain::pool;
use crate::ground::connect;

/// The first word of its command line.
pub const WORD: &str = "idle-worker";

/// What a body begins with whose start is to be told.
pub const TOLD: &[u8] = b"tell";

/// The clock that all processes of a machine share, in nanoseconds.
pub fn clock_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Sends the time at which a handler started, as one datagram.
struct Tells(UdpSocket);

impl Handle for Tells {
    fn run(&self, envelope: Envelope, _: Context) -> BoxFuture<'static, Verdict> {
        if envelope.body.starts_with(TOLD) {
            // The one that waits for it gives up by itself.
            let _ = self.0.send(&clock_ns().to_be_bytes());
        }
        std::future::ready(Verdict::Done).boxed()
    }
}

/// A process that runs.
#[derive(Debug)]
pub struct IdleWorker(Child);

impl IdleWorker {
    /// Starts one, which ends when its handle is dropped or this process ends.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(
        program: &Path,
        url: &str,
        client: Client,
        queue: &str,
        tell: &str,
    ) -> Result<Self> {
        let client = client.as_str();
        let mut command = Command::new(program);
        command.arg(WORD).args([format!("url={url}"), format!("client={client}")]);
        command.args([format!("queue={queue}"), format!("tell={tell}")]);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        Ok(Self(command.spawn().with_context(|| program.display().to_string())?))
    }
}

impl Drop for IdleWorker {
    fn drop(&mut self) {
        // Both fail only when it is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Works until standard input ends.
///
/// # Errors
/// When a word is missing or the pool does not start.
pub async fn run(words: &[String]) -> Result<()> {
    let words: HashMap<&str, &str> = words.iter().filter_map(|word| word.split_once('=')).collect();
    let word =
        |name: &str| words.get(name).copied().with_context(|| format!("{name}=.. is missing"));
    std::thread::spawn(|| {
        let _ended = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(word("tell")?)?;
    let broker = connect(word("url")?, word("client")?.parse()?).await?;
    let pool = pool(broker, &[word("queue")?.parse()?], Tells(socket));
    pool.run_until(pending()).await?;
    Ok(())
}
