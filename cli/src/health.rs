//! The health endpoint of `work`: `GET /live` and `GET /ready` over HTTP/1.1, for supervisors and
//! load balancers. It answers two questions of one line each, and nothing that a client sends makes
//! it work, wait or remember much: few connections at a time, a bounded request, a bounded time.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tireless::{HealthWatch, LoopHealth};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::exit::{Outcome, Stop};

/// Connections at a time; more wait for their turn.
const CONNECTIONS: usize = 16;

/// How long one connection may take, from its first byte to its last.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a request may be, headers included.
const LONGEST: usize = 4096;

/// How long to wait when the system gives no connection, for lack of file descriptors say.
const PAUSE: Duration = Duration::from_millis(200);

/// An address that is taken, and not yet served.
#[derive(Debug)]
pub(crate) struct Endpoint(TcpListener);

impl Endpoint {
    /// Takes the address.
    pub(crate) async fn bind(address: SocketAddr) -> Outcome<Self> {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            let advice = match error.kind() {
                io::ErrorKind::AddrInUse => "; another program has that port: choose another one",
                io::ErrorKind::AddrNotAvailable => "; this machine has no such address",
                io::ErrorKind::PermissionDenied => "; ports below 1024 need a right: choose above",
                _ => "",
            };
            Stop::failed(format!("--health cannot listen on {address}: {error}{advice}"))
        })?;
        Ok(Self(listener))
    }

    /// Answers until the handle is dropped.
    pub(crate) fn serve(self, watch: HealthWatch) -> Serving {
        if let Ok(address) = self.0.local_addr() {
            tracing::info!(%address, "health is told at /live and /ready");
        }
        Serving(tokio::spawn(accept(self.0, watch)))
    }
}

/// An endpoint that answers; dropping it ends that.
#[derive(Debug)]
pub(crate) struct Serving(JoinHandle<()>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn accept(listener: TcpListener, watch: HealthWatch) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    // The semaphore is never closed.
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                let watch = watch.clone();
                tokio::spawn(async move {
                    // Who sends nothing, or does not read, is left after this.
                    let _ = timeout(PATIENCE, converse(stream, &watch)).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "the health endpoint got no connection");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn converse(mut stream: TcpStream, watch: &HealthWatch) -> io::Result<()> {
    let mut request = Vec::with_capacity(512);
    while !is_whole(&request) && request.len() < LONGEST {
        let mut part = (&mut stream).take((LONGEST - request.len()) as u64);
        if part.read_buf(&mut request).await? == 0 {
            break;
        }
    }
    let answer = answer(&request, || Report::of(watch));
    stream.write_all(&answer).await?;
    stream.shutdown().await
}

fn is_whole(request: &[u8]) -> bool {
    request.windows(4).any(|end| end == b"\r\n\r\n")
}

/// The whole answer to a request.
fn answer(request: &[u8], look: impl Fn() -> Report) -> Vec<u8> {
    let Some((method, path)) = read(request) else { return write("400 Bad Request", "{}", true) };
    let path = path.split('?').next().unwrap_or_default();
    let with_body = method == "GET";
    if !with_body && method != "HEAD" || !matches!(path, "/live" | "/ready") {
        return write("404 Not Found", "{}", with_body);
    }
    let report = look();
    let good = if path == "/live" { report.live } else { report.ready };
    let status = if good { "200 OK" } else { "503 Service Unavailable" };
    let body = serde_json::to_string(&report).unwrap_or_else(|_| "{}".to_owned());
    write(status, &body, with_body)
}

/// Method and target, if this is a whole request of HTTP/1.
fn read(request: &[u8]) -> Option<(&str, &str)> {
    let line = request.split(|byte| *byte == b'\r').next().filter(|_| is_whole(request))?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    (version.starts_with("HTTP/1.") && words.next().is_none()).then_some((method, target))
}

fn write(status: &str, body: &str, with_body: bool) -> Vec<u8> {
    let length = body.len();
    let body = if with_body { body } else { "" };
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

/// What is answered, for programs.
#[derive(Debug, Serialize)]
struct Report {
    live: bool,
    ready: bool,
    store_answers: bool,
    stopping: bool,
    loops: Vec<LoopReport>,
}

#[derive(Debug, Serialize)]
struct LoopReport {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<String>,
    state: &'static str,
    last_success_ms: Option<u64>,
    silent_for_ms: u64,
    may_be_silent_ms: u64,
    restarts: u32,
}

impl Report {
    fn of(watch: &HealthWatch) -> Self {
        let health = watch.health();
        Self {
            live: health.is_live(),
            ready: health.is_ready(),
            store_answers: health.store_answers,
            stopping: health.stopping,
            loops: health.loops.into_iter().map(LoopReport::of).collect(),
        }
    }
}

impl LoopReport {
    fn of(one: LoopHealth) -> Self {
        Self {
            name: one.name,
            queue: one.queue.map(|queue| queue.to_string()),
            state: one.state.as_str(),
            last_success_ms: one.last_success.map(millis),
            silent_for_ms: millis(one.silent_for),
            may_be_silent_ms: millis(one.may_be_silent),
            restarts: one.restarts,
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
