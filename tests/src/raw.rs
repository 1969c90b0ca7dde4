//! A hand that reaches into Redis past the broker, as another program would.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisResult, Value};

/// How long a connection may take to open, on a machine that has much to do.
const PATIENCE: Duration = Duration::from_secs(20);

/// A plain connection. Every method panics when Redis refuses: a test cannot go on then.
#[derive(Clone, Debug)]
pub struct Raw(MultiplexedConnection);

impl Raw {
    /// Connects.
    pub async fn connect(url: &str) -> Self {
        Self::try_connect(url).await.expect("a server that answers")
    }

    /// Connects to a server that may be away.
    pub async fn try_connect(url: &str) -> RedisResult<Self> {
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(None)
            .set_connection_timeout(Some(PATIENCE));
        let client = Client::open(url)?;
        Ok(Self(client.get_multiplexed_async_connection_with_config(&config).await?))
    }

    /// Sends one command.
    pub async fn command(&mut self, words: &[&[u8]]) -> Value {
        self.try_command(words).await.expect("an answer")
    }

    /// Sends one command that may be refused.
    pub async fn try_command(&mut self, words: &[&[u8]]) -> RedisResult<Value> {
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(*word);
        }
        command.query_async(&mut self.0).await
    }

    /// All keys that contain `part`, sorted.
    pub async fn keys(&mut self, part: &str) -> Vec<Vec<u8>> {
        let pattern = format!("*{part}*");
        let mut keys = Vec::new();
        let mut cursor = b"0".to_vec();
        loop {
            let words: [&[u8]; 6] =
                [b"SCAN", &cursor, b"MATCH", pattern.as_bytes(), b"COUNT", b"500"];
            let Value::Array(page) = self.command(&words).await else { panic!("no page") };
            let [Value::BulkString(next), Value::Array(found)] = &page[..] else {
                panic!("no page")
            };
            for key in found {
                let Value::BulkString(key) = key else { panic!("no key") };
                keys.push(key.clone());
            }
            cursor.clone_from(next);
            if cursor == b"0" {
                keys.sort();
                keys.dedup();
                return keys;
            }
        }
    }

    /// What every key that contains `part` holds, as Redis would save it.
    pub async fn snapshot(&mut self, part: &str) -> Vec<(Vec<u8>, Value)> {
        let mut snapshot = Vec::new();
        for key in self.keys(part).await {
            let dump = self.command(&[b"DUMP", &key]).await;
            snapshot.push((key, dump));
        }
        snapshot
    }
}
