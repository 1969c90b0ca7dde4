use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::FutureExt;
use tireless_core::{StoreTime, WorkerId, WorkerInfo};

use super::*;
use crate::client::{ClientError, Command};

/// Answers commands with these replies, in order.
#[derive(Debug)]
struct Scripted(Mutex<VecDeque<Reply>>);

type Answer = std::result::Result<Reply, ClientError>;

#[async_trait]
impl RedisClient for Scripted {
    async fn send(&self, commands: Vec<Command>) -> Vec<Answer> {
        let mut replies = self.0.lock().unwrap();
        commands.iter().map(|_| Ok(replies.pop_front().expect("one more reply"))).collect()
    }

    async fn block(&self, _: Vec<Command>, _: Duration) -> Vec<Answer> {
        unreachable!("nothing is waited for")
    }
}

/// What a renewal answers at this time of the store's.
fn renewed(now: i64, released: i64, lost: &[i64], more: bool) -> Reply {
    let lost = lost.iter().map(|number| Reply::Int(*number)).collect();
    let parts =
        [Reply::Int(now), Reply::Int(released), Reply::Array(lost), Reply::Int(more.into())];
    Reply::Array(parts.into())
}

#[test]
fn what_is_lost_was_looked_for_by_the_first_of_several_calls() {
    // The queue's, and the sign of life beside it; then what is left of the first.
    let replies = [renewed(1_000, 2, &[7], true), Reply::Nil, renewed(3_000, 1, &[7], false)];
    let runner = Runner::new(Scripted(Mutex::new(replies.into())));
    let broker = RedisBroker { runner, settings: Settings::default(), told: Arc::default() };
    let queue = QueueName::new("mail").unwrap();
    let held = vec![Held { queue, claims: vec![7], below: 8 }];
    let (lease, info) = (Duration::from_secs(15), WorkerInfo::default());
    let renew = Renew { worker: WorkerId::new(), lease, held, info };
    let mut answers = broker.renew(&renew).now_or_never().unwrap();
    let answer = answers.pop().unwrap().1.unwrap();
    assert_eq!((answer.released, answer.lost), (3, vec![7]));
    // A claim that was carried out between the two is not lost (B4).
    assert_eq!(answer.now, StoreTime::from_millis(1_000));
}
