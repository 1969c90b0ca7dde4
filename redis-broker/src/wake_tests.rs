use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::pending;

use super::*;

/// Gives these answers to blocking commands, in order; holds the ones after them for ever.
#[derive(Debug, Default)]
struct Client {
    inbox: bool,
    full: bool,
    held: Mutex<VecDeque<Reply>>,
    blocked: AtomicUsize,
}

#[async_trait]
impl RedisClient for Client {
    async fn send(&self, commands: Vec<Command>) -> Vec<Answer> {
        let answer = |command: Command| match (self.full, self.inbox) {
            // Whether the queue is paused: it is not.
            _ if command.words[0] == "HGET" => Ok(Reply::Nil),
            (true, _) => Err(ClientError::Server("OOM command not allowed".into())),
            (_, true) => Ok(Reply::Bytes("x".into())),
            _ => Ok(Reply::Nil),
        };
        commands.into_iter().map(answer).collect()
    }

    async fn block(&self, _: Vec<Command>, _: Duration) -> Vec<Answer> {
        self.blocked.fetch_add(1, Ordering::SeqCst);
        let next = self.held.lock().unwrap().pop_front();
        match next {
            Some(reply) => vec![Ok(reply)],
            None => pending().await,
        }
    }
}

fn on(inbox: bool) -> Wait {
    let queue = QueueName::new("mail").unwrap();
    Wait { queues: vec![WaitOn { queue, inbox }], timeout: Duration::from_secs(1) }
}

fn waited(client: &Client, call: &Wait) -> Option<Result<Woken>> {
    wait(client, &Settings::default(), call).now_or_never()
}

#[test]
fn an_inbox_that_holds_something_costs_no_blocking_connection() {
    let client = Client { inbox: true, ..Client::default() };
    let woken = waited(&client, &on(true)).unwrap().unwrap();
    assert_eq!(woken, Woken::Rang(QueueName::new("mail").unwrap()));
    assert_eq!(client.blocked.into_inner(), 0);
}

#[test]
fn a_wait_whose_time_is_up_cuts_no_other_short() {
    let client = Client::default();
    client.held.lock().unwrap().push_back(Reply::Nil);
    assert!(waited(&client, &on(true)).is_none(), "the other is still held");
    client.held.lock().unwrap().extend([Reply::Nil, Reply::Nil]);
    assert_eq!(waited(&client, &on(true)).unwrap().unwrap(), Woken::TimedOut);
}

#[test]
fn at_maxmemory_only_the_bell_is_waited_for() {
    let client = Client { full: true, ..Client::default() };
    assert!(waited(&client, &on(true)).is_none());
    assert_eq!(client.blocked.into_inner(), 1);
}

#[test]
fn a_wait_for_nothing_is_refused() {
    let nothing = Wait { queues: Vec::new(), timeout: Duration::from_secs(1) };
    let error = waited(&Client::default(), &nothing).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}
