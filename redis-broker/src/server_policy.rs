//! What a server must be so that a broker is made over it: new enough, and one that keeps what it is
//! given. One that evicts at its memory limit throws tasks away, unless that was asked for.

use futures_util::future::join_all;
use tireless_core::{Error, ErrorKind, Operation, Result};

use crate::client::{Master, RedisClient};
use crate::info::Info;
use crate::reply::Reply;
use crate::runner::Runner;

/// The memory limit and what happens at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemoryPolicy {
    /// Bytes; 0 for no limit.
    pub(crate) limit: u64,
    /// `maxmemory-policy`.
    pub(crate) policy: String,
}

impl MemoryPolicy {
    /// Whether keys may be thrown away. Policies that only concern keys with an expiry take what
    /// refuses late copies of calls (B3), not tasks: that is too much as well.
    pub(crate) fn evicts(&self) -> bool {
        self.limit > 0 && self.policy != "noeviction"
    }

    fn from_info(info: &Info) -> Option<Self> {
        let policy = info.text("maxmemory_policy")?.to_owned();
        Some(Self { limit: info.number("maxmemory")?, policy })
    }

    fn from_config(reply: Reply) -> Option<Self> {
        let mut parts = reply.into_array()?.into_iter().filter_map(Reply::into_bytes);
        let (mut limit, mut policy) = (None, None);
        while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
            let value = String::from_utf8_lossy(&value).into_owned();
            match &name[..] {
                b"maxmemory" => limit = value.parse().ok(),
                b"maxmemory-policy" => policy = Some(value),
                _ => {}
            }
        }
        Some(Self { limit: limit?, policy: policy? })
    }
}

/// Asks for the policy; `None` where this user may not ask, or the server does not tell.
///
/// # Errors
/// What may pass by itself, such as `Unavailable`.
pub(crate) async fn memory_policy<C: RedisClient>(
    runner: &Runner<C>,
    operation: Operation,
) -> Result<Option<MemoryPolicy>> {
    // Both tell the same; managed servers and narrow users mostly allow only the first.
    let info = ask(runner, operation, &[b"INFO", b"memory"]).await?;
    let told = info.and_then(Reply::into_bytes).map(|text| Info::new(&text));
    if let Some(found) = told.as_ref().and_then(MemoryPolicy::from_info) {
        return Ok(Some(found));
    }
    let config = ask(runner, operation, &[b"CONFIG", b"GET", b"maxmemory*"]).await?;
    Ok(config.and_then(MemoryPolicy::from_config))
}

/// Asks what the server may refuse to tell.
pub(crate) async fn ask<C: RedisClient>(
    runner: &Runner<C>,
    operation: Operation,
    words: &[&[u8]],
) -> Result<Option<Reply>> {
    match runner.command(operation, words, None).await {
        Ok(reply) => Ok(Some(reply)),
        Err(error) if error.is_retryable() => Err(error),
        Err(_) => Ok(None),
    }
}

/// How often a master of a Cluster is asked before it counts as away: the first connection to it, from
/// far away and with TLS, takes longer than a call waits for one.
const TRIES: usize = 4;

/// Refuses servers that no broker can work with: each master's of a Cluster.
///
/// # Errors
/// `Unsupported`, with what to do; and what may pass by itself, such as `Unavailable`.
pub(crate) async fn refuse_unfit<C: RedisClient>(
    runner: &Runner<C>,
    allow_eviction: bool,
) -> Result<()> {
    let masters = runner.client().masters();
    if masters.is_empty() {
        return fits(runner, "the server", allow_eviction).await;
    }
    let of_each = masters.into_iter().map(|Master { place, client, .. }| async move {
        let (runner, server) = (Runner::new(client), format!("the server {place}"));
        let mut answer = fits(&runner, &server, allow_eviction).await;
        for _ in 1..TRIES {
            if is_answered(&answer) {
                break;
            }
            answer = fits(&runner, &server, allow_eviction).await;
        }
        answer
    });
    let answers = join_all(of_each).await;
    // One that is away now is no reason not to serve the others.
    let nobody_answers = !answers.iter().any(is_answered);
    answers.into_iter().filter(|answer| nobody_answers || is_answered(answer)).collect()
}

fn is_answered(answer: &Result<()>) -> bool {
    !matches!(answer, Err(error) if error.is_retryable())
}

async fn fits<C: RedisClient>(
    runner: &Runner<C>,
    server: &str,
    allow_eviction: bool,
) -> Result<()> {
    refuse_old(runner, server).await?;
    if allow_eviction { Ok(()) } else { refuse_eviction(runner, server).await }
}

async fn refuse_old<C: RedisClient>(runner: &Runner<C>, server: &str) -> Result<()> {
    let words: [&[u8]; 3] = [b"COMMAND", b"INFO", b"LMOVE"];
    let answer = runner.command(Operation::Connect, &words, None).await?;
    if answer.into_array().is_some_and(|parts| matches!(parts[..], [Reply::Array(_)])) {
        return Ok(());
    }
    let message = format!("{server} is too old: tireless needs Redis 6.2 or later, or Valkey");
    Err(Error::new(ErrorKind::Unsupported, Operation::Connect, message))
}

async fn refuse_eviction<C: RedisClient>(runner: &Runner<C>, server: &str) -> Result<()> {
    let found = memory_policy(runner, Operation::Connect).await?;
    let Some(found) = found.filter(MemoryPolicy::evicts) else { return Ok(()) };
    let MemoryPolicy { limit, policy } = found;
    let message = format!(
        "{server} throws keys away at its memory limit (maxmemory {limit}, maxmemory-policy \
         {policy}), and tasks with them; set it to noeviction, use a server of its own for the \
         tasks, or allow eviction if tasks may be lost (ConnectOptions::allow_eviction, \
         --allow-eviction)"
    );
    Err(Error::new(ErrorKind::Unsupported, Operation::Connect, message))
}

#[cfg(test)]
#[path = "server_policy_tests.rs"]
mod tests;
