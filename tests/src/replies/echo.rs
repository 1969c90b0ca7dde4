//! Calls that say whose answer they want, on the very connection that a broker uses.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tireless_core::Backend;
use tireless_redis_broker::address::Address;
use tireless_redis_broker::client::{ClientError, Command, RedisClient};
use tireless_redis_broker::link::Link;
use tireless_redis_broker::linked::LinkedClient;
use tireless_redis_broker::reply::Reply;
use tireless_redis_broker::{RedisBroker, Settings};

use super::book::Book;
use super::stage::Stage;

/// A client that a broker shares with others.
#[derive(Debug)]
pub(super) struct SharedClient<L>(Arc<LinkedClient<L>>);

#[async_trait]
impl<L: Link> RedisClient for SharedClient<L> {
    async fn send(&self, commands: Vec<Command>) -> Vec<Result<Reply, ClientError>> {
        self.0.send(commands).await
    }

    async fn block(
        &self,
        commands: Vec<Command>,
        hold: Duration,
    ) -> Vec<Result<Reply, ClientError>> {
        self.0.block(commands, hold).await
    }
}

impl<L: Link> SharedClient<L> {
    /// A client, and a broker over it.
    ///
    /// Panics when there is no server to connect to.
    pub(super) async fn connect(url: &str, settings: Settings) -> (Self, Arc<dyn Backend>) {
        let address = Address::parse(url).expect("an address");
        let client = Arc::new(LinkedClient::<L>::connect(&address).await.expect("a connection"));
        let broker = RedisBroker::new(Self(client.clone()), settings).await.expect("a broker");
        (Self(client), Arc::new(broker))
    }

    /// Asks for words of its own until the stage closes; each answer is that word, or an error.
    pub(super) async fn echo(&self, caller: usize, stage: &Stage) {
        for call in 0_u64.. {
            if stage.is_over() {
                return;
            }
            let words: Vec<_> =
                (0..1 + call % 3).map(|at| format!("{caller}/{call}/{at}")).collect();
            let command = |word: &String| {
                Command::anywhere(vec![Bytes::from_static(b"ECHO"), word.clone().into()])
            };
            let answers = self.0.send(words.iter().map(command).collect()).await;
            check(&words, answers, &stage.book);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn check(words: &[String], answers: Vec<Result<Reply, ClientError>>, book: &Book) {
    if answers.len() != words.len() {
        book.foreign(format!("{} answers to {} echoes", answers.len(), words.len()));
    }
    for (word, answer) in words.iter().zip(answers) {
        match answer {
            Ok(Reply::Bytes(heard)) if heard == word.as_bytes() => {}
            Ok(other) => book.foreign(format!("asked for {word}, answered {other:?}")),
            Err(ClientError::Server(text)) => book.foreign(format!("asked for {word}: {text}")),
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod own_server {
    use tireless_backend_fred::FredLink;
    use tireless_backend_redis_rs::RedisRsLink;
    use tireless_testkit::server::TestServer;

    use super::{Link, Settings, SharedClient};
    use crate::fresh_namespace;
    use crate::proxy::{Proxy, Strike};
    use crate::replies::stage::Stage;

    /// A connection on which answers have slipped by one is what no client can notice: the echoes
    /// must, or they prove nothing.
    async fn a_slipped_answer_is_seen<L: Link>() {
        let server = TestServer::start().expect("a server");
        let proxy = Proxy::to(server.port()).await;
        let stage = Stage::new(proxy.url(), Settings::of(fresh_namespace()));
        let (client, _) = SharedClient::<L>::connect(&stage.url, stage.settings.clone()).await;
        proxy.strikes().nth("echo", 20, Strike::Skip);
        let watch = async {
            while stage.book.findings().foreign.is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            assert_eq!(proxy.strikes().struck()["echo"]["skip"], 1);
        };
        let echo = |caller| client.echo(caller, &stage);
        tokio::select! {
            _ = async { tokio::join!(echo(0), echo(1), echo(2)) } => {}
            () = watch => {}
            () = tokio::time::sleep(std::time::Duration::from_secs(20)) => panic!("not seen"),
        }
    }

    #[tokio::test]
    async fn a_slipped_answer_is_seen_over_redis_rs() {
        a_slipped_answer_is_seen::<RedisRsLink>().await;
    }

    #[tokio::test]
    async fn a_slipped_answer_is_seen_over_fred() {
        a_slipped_answer_is_seen::<FredLink>().await;
    }
}
