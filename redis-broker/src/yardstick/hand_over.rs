//! How soon a bare `BLPOP` gets what a bare `LPUSH` brings: no idle worker can start a task sooner.

use std::time::{Duration, Instant};

use futures_util::future::join;
use tireless_core::Result;
use tokio::time::sleep;

use super::{INSPECT, KEPT, command, send, word};
use crate::client::{Command, RedisClient, only};
use crate::keys::Keys;
use crate::runner::{Runner, corrupt};
use crate::server_error::explain;

/// How long the waiting command is on its way at most, before something comes for it.
const REST: Duration = Duration::from_millis(20);

const HOLD: Duration = Duration::from_secs(5);

/// So many times, one after the other, over two connections of this client. What is pushed is taken
/// each time; what a wait left behind that broke is gone after [`KEPT`].
pub(crate) async fn hand_over<C: RedisClient>(
    runner: &Runner<C>,
    keys: &Keys,
    samples: usize,
) -> Result<Vec<Duration>> {
    let list = keys.part(&format!("yardstick:{}", tireless_core::TaskId::new()));
    let take = command([word("BLPOP"), list.clone(), HOLD.as_secs().to_string().into()]);
    let bring = command([word("LPUSH"), list.clone(), word("x")]);
    let expire = command([word("PEXPIRE"), list, KEPT.as_millis().to_string().into()]);
    let mut took = Vec::with_capacity(samples);
    for _ in 0..samples {
        took.push(once(runner, take.clone(), vec![bring.clone(), expire.clone()]).await?);
    }
    Ok(took)
}

async fn once<C: RedisClient>(
    runner: &Runner<C>,
    take: Command,
    bring: Vec<Command>,
) -> Result<Duration> {
    let taking = async {
        let answer = only(runner.client().block(vec![take], HOLD).await);
        (answer, Instant::now())
    };
    let bringing = async {
        sleep(REST).await;
        let brought = Instant::now();
        send(runner, bring).await.map(|_| brought)
    };
    let ((answer, taken), brought) = join(taking, bringing).await;
    let answer = answer.map_err(|error| explain(INSPECT, error))?;
    answer.into_array().ok_or_else(|| corrupt(INSPECT))?;
    Ok(taken.saturating_duration_since(brought?))
}
