//! Sentinels: which server is the master now.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::timeout;

use bytes::Bytes;

use crate::address::{Address, Node, Sentinels};
use crate::client::{ClientError, Command, only};
use crate::connect_error::{ConnectError, more_telling, without_arguments};
use crate::link::Link;
use crate::patience;
use crate::reply::Reply;

/// Opens a link to the master that the sentinels name. All are asked at once, and the first whose
/// server says itself that it is the master is believed: after a failover some may not know yet.
pub(crate) async fn open_master<L: Link>(
    address: &Address,
    sentinels: &Sentinels,
) -> Result<L, ConnectError> {
    let asked = address.sentinels();
    let mut asking: FuturesUnordered<_> = asked
        .iter()
        .map(|sentinel| async move {
            let master = ask::<L>(sentinel, &sentinels.master).await?;
            open_if_master::<L>(address, master).await
        })
        .collect();
    let mut last = ConnectError::Unusable("the URL names no sentinel".to_owned());
    while let Some(opened) = asking.next().await {
        match opened {
            Ok(link) => return Ok(link),
            Err(error) => last = more_telling(last, error, ConnectError::weight),
        }
    }
    Err(last)
}

async fn ask<L: Link>(sentinel: &Address, master: &str) -> Result<Node, ConnectError> {
    let question = async {
        let link = L::open(sentinel).await?;
        let words = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", master];
        one(&link, &words).await
    };
    let place = sentinel.place();
    let answer = timeout(patience::SENTINEL, question)
        .await
        .unwrap_or(Err(ConnectError::TimedOut(patience::SENTINEL)))
        .map_err(|error| of_sentinel(&place, error))?;
    let mut parts = match answer {
        Reply::Array(parts) => parts.into_iter().filter_map(Reply::into_bytes),
        _ => {
            let text = format!("the sentinel {place} watches no master called {master}");
            return Err(ConnectError::Unreachable(text.into()));
        }
    };
    let host = parts.next().and_then(|host| String::from_utf8(host.into()).ok());
    let port = parts.next().and_then(|port| std::str::from_utf8(&port).ok()?.parse().ok());
    host.zip(port)
        .ok_or_else(|| ConnectError::Unreachable(format!("{place} is no sentinel").into()))
}

/// Errors name the master's address; those of a sentinel must name the sentinel.
pub(crate) fn of_sentinel(place: &str, error: ConnectError) -> ConnectError {
    match error {
        ConnectError::Unreachable(source) => {
            ConnectError::Unreachable(format!("the sentinel {place}: {source}").into())
        }
        ConnectError::TimedOut(after) => {
            let text = format!("the sentinel {place} did not answer within {after:?}");
            ConnectError::Unreachable(text.into())
        }
        ConnectError::Refused(text) if is_no_sentinel(&text) => ConnectError::Unusable(format!(
            "the server at {place} is no sentinel; name one (port 26379 mostly), or write redis:// \
             for a server without sentinels"
        )),
        ConnectError::Refused(text) => {
            let text = without_arguments(text);
            ConnectError::Refused(format!("{text} (said the sentinel {place})"))
        }
        other => other,
    }
}

/// Redis quotes the command in one way or the other, by its version.
fn is_no_sentinel(text: &str) -> bool {
    ["'SENTINEL'", "`SENTINEL`"]
        .iter()
        .any(|name| text.contains(&format!("unknown command {name}")))
}

async fn open_if_master<L: Link>(address: &Address, master: Node) -> Result<L, ConnectError> {
    let (host, port) = master;
    let server = address.of_node(host, port);
    let link = L::open(&server).await.map_err(|error| match error {
        ConnectError::Unreachable(source) => {
            let text = format!("the master is at {}, where {source}", server.place());
            ConnectError::Unreachable(text.into())
        }
        other => other,
    })?;
    let role = one(&link, &["ROLE"]).await;
    let name = match role {
        Ok(Reply::Array(parts)) => parts.into_iter().next().and_then(Reply::into_bytes),
        // A user without the right to ask: a replica is found out by its refusal to write.
        Err(ConnectError::Refused(text)) if text.starts_with("NOPERM") => return Ok(link),
        Err(error) => return Err(error),
        Ok(_) => None,
    };
    match name {
        Some(role) if role == "master" => Ok(link),
        _ => {
            let place = server.place();
            let text = format!("{place} is no master yet, or no more: a failover is under way");
            Err(ConnectError::Unreachable(text.into()))
        }
    }
}

async fn one<L: Link>(link: &L, words: &[&str]) -> Result<Reply, ConnectError> {
    let words = words.iter().map(|word| Bytes::copy_from_slice(word.as_bytes())).collect();
    match only(link.call(vec![Command::anywhere(words)]).await) {
        Ok(reply) => Ok(reply),
        Err(ClientError::Server(text)) => Err(ConnectError::Refused(text)),
        Err(ClientError::NotSent(source) | ClientError::Broken(source)) => {
            Err(ConnectError::Unreachable(source))
        }
        Err(ClientError::TimedOut(after)) => Err(ConnectError::TimedOut(after)),
    }
}
