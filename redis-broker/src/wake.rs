//! Waiting for a bell: the only place where a command blocks.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{pending, select_all};
use tireless_core::{ErrorKind, Operation, QueueName, Result, Wait, WaitOn, Woken};

use crate::broker::Settings;
use crate::client::{Command, RedisClient};
use crate::reply::Reply;
use crate::server_error::explain;

/// Waits for the bells of the queues and, where asked, for a plain push into an inbox.
pub(crate) async fn wait<C: RedisClient>(
    client: &C,
    settings: &Settings,
    wait: &Wait,
) -> Result<Woken> {
    let bells: Vec<_> =
        wait.queues.iter().map(|on| (settings.keys(&on.queue).part("bell"), &on.queue)).collect();
    let adopted = |on: &WaitOn| settings.adopted.contains_key(&on.queue);
    let inboxes = wait.queues.iter().filter(|on| on.inbox || adopted(on));
    let mut waits: Vec<Waiting<'_>> = vec![Box::pin(bell(client, bells, wait.timeout))];
    for on in inboxes {
        let list = settings.keys(&on.queue).part("inbox");
        waits.push(Box::pin(plain_push(client, list, &on.queue, wait.timeout)));
    }
    select_all(waits).await.0
}

type Waiting<'a> = Pin<Box<dyn Future<Output = Result<Woken>> + Send + 'a>>;

fn seconds(hold: Duration) -> Bytes {
    // 0 would mean for ever.
    format!("{:.3}", hold.as_secs_f64().max(0.001)).into()
}

/// Takes one ring of whichever bell has one.
async fn bell<C: RedisClient>(
    client: &C,
    bells: Vec<(Bytes, &QueueName)>,
    hold: Duration,
) -> Result<Woken> {
    let mut words = vec![Bytes::from_static(b"BLPOP")];
    words.extend(bells.iter().map(|(key, _)| key.clone()));
    words.push(seconds(hold));
    let answer = client.block(Command { words, first_key: Some(1) }, hold).await;
    let reply = answer.map_err(|error| explain(Operation::Wait, error))?;
    let key = reply.into_array().and_then(|parts| parts.into_iter().next()?.into_bytes());
    let rang = key.and_then(|key| bells.into_iter().find(|(bell, _)| *bell == key));
    Ok(rang.map_or(Woken::TimedOut, |(_, queue)| Woken::Rang(queue.clone())))
}

/// A plain push rings no bell. Moving the last element of a list to its own end waits until there
/// is one and changes nothing: one push wakes every waiter.
async fn plain_push<C: RedisClient>(
    client: &C,
    list: Bytes,
    queue: &QueueName,
    hold: Duration,
) -> Result<Woken> {
    let words = vec![
        Bytes::from_static(b"BLMOVE"),
        list.clone(),
        list,
        Bytes::from_static(b"RIGHT"),
        Bytes::from_static(b"RIGHT"),
        seconds(hold),
    ];
    let answer = client.block(Command { words, first_key: Some(1) }, hold).await;
    match answer.map_err(|error| explain(Operation::Wait, error)) {
        Ok(Reply::Bytes(_)) => Ok(Woken::Rang(queue.clone())),
        Ok(_) => Ok(Woken::TimedOut),
        // Refused at maxmemory: the caller's slow look stands behind it.
        Err(error) if error.kind() == ErrorKind::OutOfMemory => pending().await,
        Err(error) => Err(error),
    }
}
