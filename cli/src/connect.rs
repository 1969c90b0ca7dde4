//! From the command line and the environment to a broker.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tireless::{Adoption, Backend, ConnectOptions, ErrorKind, QueueName};

use crate::args::{Client, Globals};
use crate::exit::{Outcome, Stop};
use crate::output::note;
use crate::pusher::PATIENCE;
use crate::redact;

const DEFAULT_URL: &str = "redis://127.0.0.1:6379";
const BROKER: &str = "TIRELESS_BROKER";
const PASSWORD: &str = "TIRELESS_PASSWORD";
const PASSWORD_FILE: &str = "TIRELESS_PASSWORD_FILE";

/// After this long whoever waits for a server is told so.
const QUIET: Duration = Duration::from_secs(1);

/// The longest pause between two tries to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Whether a broker that lives in this process alone makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Memory {
    /// It does: all happens in this process.
    Allowed,
    /// It does not: whatever is pushed would be gone at once.
    Refused,
}

/// The URL that the environment names.
pub(crate) fn broker_of_environment() -> Option<String> {
    let url = std::env::var_os(BROKER).filter(|url| !url.is_empty())?;
    // What is no text is no URL either, and is refused as such.
    Some(url.to_string_lossy().into_owned())
}

/// Connects to the broker that the command line and the environment name.
pub(crate) async fn connect(globals: &Globals, memory: Memory) -> Outcome<Arc<dyn Backend>> {
    connect_adopting(globals, memory, None).await
}

/// The same for a push, which may come just when the server is away: it tries to connect for as long
/// as it would repeat its call.
pub(crate) async fn connect_patiently(globals: &Globals) -> Outcome<Arc<dyn Backend>> {
    let started = Instant::now();
    let mut pause = Duration::from_millis(50);
    let mut told = false;
    loop {
        let stop = match connect(globals, Memory::Refused).await {
            Err(stop) if stop.may_pass() && started.elapsed() + pause < PATIENCE => stop,
            answer => return answer,
        };
        if !told && started.elapsed() >= QUIET {
            let limit = PATIENCE.as_secs();
            let why = stop.text().unwrap_or_default();
            note(format!("waiting for Redis, {limit}s at most: {why}"));
            told = true;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// As [`connect`], with a queue that takes its tasks from a plain list.
pub(crate) async fn connect_adopting(
    globals: &Globals,
    memory: Memory,
    adopted: Option<(QueueName, Adoption)>,
) -> Outcome<Arc<dyn Backend>> {
    let url = globals.broker.as_deref().unwrap_or(DEFAULT_URL);
    if url.starts_with("memory:") {
        return match memory {
            Memory::Allowed => Ok(in_memory()),
            Memory::Refused => Err(Stop::usage(
                "memory:// lives and dies with this command, so only bench takes it; give --broker \
                 redis://HOST:PORT, or use run, which needs no broker",
            )),
        };
    }
    let mut options = ConnectOptions::default();
    options.namespace = globals.namespace.clone();
    options.allow_eviction = globals.allow_eviction;
    options.adopted.extend(adopted);
    options.client = globals.client.map(|client| match client {
        Client::RedisRs => tireless::Client::RedisRs,
        Client::Fred => tireless::Client::Fred,
    });
    let (url, source) = with_password(url)?;
    let broker = tireless::connect_with(&url, options).await;
    broker.map_err(|error| match source {
        Some(source) if error.kind() == ErrorKind::Denied => {
            Stop::failed(format!("{error} (the password is from {source})"))
        }
        _ => error.into(),
    })
}

/// The broker that lives in this process alone.
pub(crate) fn in_memory() -> Arc<dyn Backend> {
    Arc::new(tireless::MemoryBroker::new(Arc::new(tireless::TokioClock)))
}

/// Makes all passwords that can be known at the start unprintable.
pub(crate) fn hide_passwords(broker: Option<&str>) {
    if let Ok(password) = std::env::var(PASSWORD) {
        redact::hide(&password);
    }
    let of_sentinels = broker.and_then(|url| setting(url, "sentinel-pass="));
    for password in broker.and_then(password_of).into_iter().chain(of_sentinels) {
        redact::hide(password);
        redact::hide(&decoded(password));
    }
}

/// The password of a URL, whatever characters it holds.
fn password_of(url: &str) -> Option<&str> {
    let rest = &url[url.find("://")? + 3..];
    match rest.rfind('@') {
        Some(at) => Some(&rest[rest[..at].find(':')? + 1..at]),
        None => setting(rest, "pass="),
    }
}

/// The value of a setting behind the question mark.
fn setting<'a>(url: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = url.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix(name))
}

/// The user of a URL, if it names one.
fn user_of(url: &str) -> Option<&str> {
    let rest = &url[url.find("://")? + 3..];
    let authority = &rest[..rest.find('?').unwrap_or(rest.len())];
    let user = match authority.rfind('@') {
        Some(at) => authority[..at].split(':').next(),
        None => setting(rest, "user="),
    };
    user.filter(|user| !user.is_empty())
}

/// The URL with the password from the environment, or from the file that it names, unless it has
/// one of its own; and where the password is from then.
fn with_password(url: &str) -> Outcome<(String, Option<&'static str>)> {
    if password_of(url).is_some() || setting(url, "password-file=").is_some() {
        return Ok((url.to_owned(), None));
    }
    let Some((password, source)) = password_outside()? else {
        return match user_of(url) {
            Some(_) => Err(Stop::usage(format!(
                "the URL names a user without a password; set {PASSWORD} or {PASSWORD_FILE}, or \
                 write ?password-file=PATH, or user:PASSWORD@host"
            ))),
            None => Ok((url.to_owned(), None)),
        };
    };
    redact::hide(&password);
    Ok((inserted(url, &encoded(&password)), Some(source)))
}

/// The password that the environment gives, and by which variable.
fn password_outside() -> Outcome<Option<(String, &'static str)>> {
    if let Ok(password) = std::env::var(PASSWORD)
        && !password.is_empty()
    {
        return Ok(Some((password, PASSWORD)));
    }
    let Some(path) = std::env::var_os(PASSWORD_FILE).filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let path = path.display();
        Stop::failed(format!("{PASSWORD_FILE} names {path}, which cannot be read: {error}"))
    })?;
    Ok(Some((text.trim_end_matches(['\r', '\n']).to_owned(), PASSWORD_FILE)))
}

fn inserted(url: &str, password: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    if scheme.ends_with("+unix") {
        return with_setting(url, "pass", password);
    }
    match rest.split_once('@') {
        Some((user, host)) => format!("{scheme}://{user}:{password}@{host}"),
        None => format!("{scheme}://:{password}@{rest}"),
    }
}

fn with_setting(url: &str, name: &str, value: &str) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{name}={value}")
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let hex = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        match (*first == b'%').then(|| more.get(..2).and_then(hex)).flatten() {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
#[path = "connect_tests.rs"]
mod tests;
