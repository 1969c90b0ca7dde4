use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::pending;
use tireless_core::{Claim, ClaimFrom, ClaimMode, WorkerId};

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
    Wait { queues: vec![WaitOn { queue, inbox }], timeout: Duration::from_secs(1), claim: None }
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
    let nothing = Wait { queues: Vec::new(), timeout: Duration::from_secs(1), claim: None };
    let error = waited(&Client::default(), &nothing).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

fn claimed_nothing(now: i64) -> Reply {
    let numbers = [now, 0, -1, 0, 0, 0, 0, 0].map(Reply::Int);
    let none = [Reply::Bytes("".into()), Reply::Array(vec![]), Reply::Array(vec![])];
    Reply::Array(numbers.into_iter().chain(none).collect())
}

fn carrying(inbox: bool) -> Wait {
    let wait = on(inbox);
    let claim = Claim {
        worker: WorkerId::new(),
        number: 7,
        lease: Duration::from_secs(30),
        mode: ClaimMode::Shared,
        queues: vec![ClaimFrom { queue: wait.queues[0].queue.clone(), max: 1, inbox }],
    };
    Wait { claim: Some(claim), ..wait }
}

/// What it blocks with, and what it says to that.
#[derive(Debug, Default)]
struct Pipe {
    sent: Mutex<Vec<Vec<Command>>>,
    says: Mutex<VecDeque<Vec<Answer>>>,
    has_slots: bool,
}

#[async_trait]
impl RedisClient for Pipe {
    async fn send(&self, commands: Vec<Command>) -> Vec<Answer> {
        commands.iter().map(|_| Ok(Reply::Nil)).collect()
    }

    async fn block(&self, commands: Vec<Command>, _: Duration) -> Vec<Answer> {
        self.sent.lock().unwrap().push(commands);
        let says = self.says.lock().unwrap().pop_front();
        match says {
            Some(answers) => answers,
            None => pending().await,
        }
    }

    fn has_slots(&self) -> bool {
        self.has_slots
    }
}

fn piped(says: Vec<Vec<Answer>>, call: &Wait) -> (Pipe, Option<Result<Woken>>) {
    let pipe = Pipe { says: Mutex::new(says.into()), ..Pipe::default() };
    let woken = wait(&pipe, &Settings::default(), call).now_or_never();
    (pipe, woken)
}

fn rang() -> Answer {
    let key = Settings::default().keys(&QueueName::new("mail").unwrap()).part("bell");
    Ok(Reply::Array(vec![Reply::Bytes(key), Reply::Bytes("1".into())]))
}

#[test]
fn a_claim_goes_right_behind_each_command_that_blocks_and_is_the_same() {
    let (pipe, woken) = piped(vec![], &carrying(true));
    assert!(woken.is_none());
    let sent = pipe.sent.into_inner().unwrap();
    let names = |commands: &Vec<Command>| {
        commands.iter().map(|command| command.words[0].clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        sent.iter().map(names).collect::<Vec<_>>(),
        [["BLPOP", "EVALSHA"], ["BLMOVE", "EVALSHA"]]
    );
    assert_eq!(sent[0][1], sent[1][1], "whichever comes first spends the number");
}

#[test]
fn a_wait_tells_what_its_claim_gave() {
    let (_, woken) = piped(vec![vec![rang(), Ok(claimed_nothing(5))]], &carrying(false));
    let Some(Ok(Woken::Claimed(answers))) = woken else { panic!("{woken:?}") };
    assert_eq!((answers.len(), answers[0].now.millis()), (1, 5));
}

#[test]
fn a_claim_that_the_server_did_not_carry_out_is_left_to_another_call() {
    for refused in ["NOSCRIPT No matching script", "WRONGTYPE no", "READONLY no"] {
        let says = vec![rang(), Err(ClientError::Server(refused.into()))];
        let (_, woken) = piped(vec![says], &carrying(false));
        assert!(matches!(woken, Some(Ok(Woken::Rang(_)))), "{refused}: {woken:?}");
    }
    let broken =
        vec![Err(ClientError::Broken("gone".into())), Err(ClientError::Broken("gone".into()))];
    assert!(matches!(piped(vec![broken], &carrying(false)).1, Some(Err(_))));
}

#[test]
fn a_look_that_finds_nothing_cuts_no_other_wait_short() {
    let looked = || vec![Ok(Reply::Nil), Ok(claimed_nothing(5))];
    assert!(piped(vec![looked()], &carrying(true)).1.is_none(), "the other is still held");
    let (_, woken) = piped(vec![looked(), looked()], &carrying(true));
    assert!(matches!(woken, Some(Ok(Woken::Claimed(_)))), "{woken:?}");
}

/// A wait for two queues with a claim of both.
fn carrying_two(inbox: bool) -> Wait {
    let mut wait = carrying(inbox);
    let (queue, max) = (QueueName::new("other").unwrap(), 1);
    wait.queues.push(WaitOn { queue: queue.clone(), inbox });
    wait.claim.as_mut().unwrap().queues.push(ClaimFrom { queue, max, inbox });
    wait
}

#[test]
fn claims_of_several_queues_go_behind_one_command_and_are_told_in_order() {
    let (pipe, _) = piped(vec![], &carrying_two(false));
    let sent = pipe.sent.into_inner().unwrap();
    let words: Vec<_> = sent[0].iter().map(|command| command.words[0].clone()).collect();
    assert_eq!((sent.len(), words), (1, vec!["BLPOP".into(), "EVALSHA".into(), "EVALSHA".into()]));
    let keys = carrying_two(false).queues.into_iter().map(|on| Settings::default().keys(&on.queue));
    for (claim, keys) in sent[0][1..].iter().zip(keys) {
        assert_eq!(claim.key, Some(keys.part("queue")));
    }
    let says = vec![rang(), Ok(claimed_nothing(5)), Ok(claimed_nothing(6))];
    let Some(Ok(Woken::Claimed(answers))) = piped(vec![says], &carrying_two(false)).1 else {
        panic!("both were carried out");
    };
    assert_eq!(answers.iter().map(|of| of.now.millis()).collect::<Vec<_>>(), [5, 6]);
}

#[test]
fn of_several_claims_none_is_told_where_one_was_not_carried_out() {
    let refused = || Err(ClientError::Server("NOSCRIPT No matching script".into()));
    for says in [
        vec![rang(), Ok(claimed_nothing(5)), refused()],
        vec![rang(), refused(), Ok(claimed_nothing(5))],
        vec![rang(), Ok(claimed_nothing(5))],
        vec![rang()],
    ] {
        let woken = piped(vec![says], &carrying_two(false)).1;
        assert!(matches!(woken, Some(Ok(Woken::Rang(_)))), "{woken:?}");
    }
}

#[test]
fn claims_of_several_queues_are_left_out_where_several_commands_wait() {
    let inboxes = piped(vec![], &carrying_two(true)).0;
    let cluster = Pipe { has_slots: true, ..Pipe::default() };
    assert!(wait(&cluster, &Settings::default(), &carrying_two(false)).now_or_never().is_none());
    for (pipe, waits) in [(inboxes, 3), (cluster, 2)] {
        let sent = pipe.sent.into_inner().unwrap();
        assert_eq!(sent.iter().map(Vec::len).collect::<Vec<_>>(), vec![1; waits]);
    }
}
