use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use tireless_core::{Claim, ClaimFrom, ClaimMode, ErrorKind, QueueName, Wait, WaitOn, WorkerId};
use tokio::time::sleep;

use crate::client::{ClientError, Command, RedisClient};
use crate::reply::Reply;
use crate::settings::Settings;
use crate::wake::{Answer, LOOK_EVERY, wait};

use super::*;

const HOLD: Duration = Duration::from_secs(8);
const SOON: Duration = Duration::from_millis(500);
const WRONG: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
const AWAY: &str = "CLUSTERDOWN The cluster is down";

/// What a server says to the commands of a queue.
#[derive(Clone, Copy, Debug)]
enum Says {
    Refused(&'static str),
    /// Refused, but a claim behind it is carried out.
    RefusedWithTask(&'static str),
    RingsAfter(Duration),
}

/// Holds each command until its time is up, but for those of these queues.
#[derive(Debug, Default)]
struct Servers {
    has_slots: bool,
    bells: HashMap<&'static str, Says>,
    /// The same for looks at lists and inboxes.
    looks: HashMap<&'static str, Says>,
}

fn of<'a>(says: &'a HashMap<&'static str, Says>, command: &Command) -> Option<(&'a str, Says)> {
    let key = String::from_utf8_lossy(command.key.as_ref().unwrap()).into_owned();
    let found = says.iter().find(|(queue, _)| key.contains(&format!("/{queue}/")));
    found.map(|(queue, says)| (*queue, *says))
}

fn key_of(queue: &str, part: &str) -> Reply {
    Reply::Bytes(Settings::default().keys(&queue.parse().unwrap()).part(part))
}

fn one_task() -> Reply {
    let numbers = [5, 0, -1, 0, 0, 0, 0, 0].map(Reply::Int);
    let envelope = Reply::Bytes(b"\x01\0\0\0body".as_slice().into());
    let task = [Reply::Bytes("0123456789abcdef".into()), Reply::Array(vec![envelope])];
    Reply::Array(numbers.into_iter().chain(task).chain([Reply::Array(vec![])]).collect())
}

#[async_trait]
impl RedisClient for Servers {
    async fn send(&self, commands: Vec<Command>) -> Vec<Answer> {
        let look = |command: &Command| match (of(&self.looks, command), &command.words[0]) {
            (Some((_, Says::Refused(text))), name) if name != "HGET" => {
                Err(ClientError::Server(text.to_owned()))
            }
            (Some((_, Says::RingsAfter(_))), name) if name == "LLEN" => Ok(Reply::Int(1)),
            (Some((_, Says::RingsAfter(_))), name) if name == "LPOP" => {
                Ok(Reply::Bytes("1".into()))
            }
            (_, name) if name == "LLEN" => Ok(Reply::Int(0)),
            _ => Ok(Reply::Nil),
        };
        commands.iter().map(look).collect()
    }

    async fn block(&self, commands: Vec<Command>, hold: Duration) -> Vec<Answer> {
        let refused = |text: &str| Err(ClientError::Server(text.to_owned()));
        match of(&self.bells, &commands[0]).filter(|_| commands[0].words[0] == "BLPOP") {
            Some((_, Says::Refused(text))) => commands.iter().map(|_| refused(text)).collect(),
            Some((_, Says::RefusedWithTask(text))) => vec![refused(text), Ok(one_task())],
            Some((queue, Says::RingsAfter(time))) => {
                sleep(time).await;
                let ring = vec![key_of(queue, "bell"), Reply::Bytes("1".into())];
                vec![Ok(Reply::Array(ring))]
            }
            None => {
                sleep(hold).await;
                commands.iter().map(|_| Ok(Reply::Nil)).collect()
            }
        }
    }

    fn has_slots(&self) -> bool {
        self.has_slots
    }
}

/// How a wait for these queues ended, and after how long.
async fn ended(client: &Servers, queues: &[&str], inbox: bool) -> (Result<Woken>, Duration) {
    let on = |queue: &&str| WaitOn { queue: queue.parse().unwrap(), inbox };
    let call = Wait { queues: queues.iter().map(on).collect(), timeout: HOLD, claim: None };
    let began = Instant::now();
    (wait(client, &Settings::default(), &call).await, began.elapsed())
}

fn cluster(bells: impl IntoIterator<Item = (&'static str, Says)>) -> Servers {
    Servers { has_slots: true, bells: bells.into_iter().collect(), ..Servers::default() }
}

fn queue(name: &str) -> QueueName {
    name.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_error_that_stays_is_told_when_the_time_of_the_others_is_up() {
    let client = cluster([("a", Says::Refused(WRONG)), ("b", Says::RingsAfter(SOON * 10))]);
    let (woken, _) = ended(&client, &["a", "b", "c"], false).await;
    assert_eq!(woken.unwrap(), Woken::Rang(queue("b")));

    let (woken, took) = ended(&client, &["a", "c"], false).await;
    assert_eq!((woken.unwrap_err().kind(), took), (ErrorKind::WrongType, HOLD));
}

#[tokio::test(start_paused = true)]
async fn an_error_that_may_pass_is_told_a_second_later_if_nothing_rings() {
    let client = cluster([("a", Says::Refused(AWAY)), ("b", Says::RingsAfter(SOON))]);
    let (woken, took) = ended(&client, &["a", "b", "c"], false).await;
    assert_eq!((woken.unwrap(), took), (Woken::Rang(queue("b")), SOON));

    let (woken, took) = ended(&client, &["a", "c"], false).await;
    assert_eq!(woken.unwrap_err().kind(), ErrorKind::Unavailable);
    assert!((LOOK_EVERY..LOOK_EVERY + SOON).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_else_is_held_an_error_is_told_at_once() {
    for text in [WRONG, AWAY] {
        let client = cluster([("a", Says::Refused(text)), ("b", Says::Refused(text))]);
        let (woken, took) = ended(&client, &["a", "b"], false).await;
        assert!(woken.is_err() && took.is_zero(), "{woken:?} {took:?}");
    }
    // The inbox is on the server that is away.
    let client = Servers { has_slots: false, ..cluster([("a", Says::Refused(AWAY))]) };
    let (woken, took) = ended(&client, &["a"], true).await;
    assert!(woken.is_err() && took.is_zero(), "{woken:?} {took:?}");
}

#[tokio::test(start_paused = true)]
async fn an_inbox_of_another_type_keeps_nobody_from_waiting_for_the_bell() {
    let mut client = Servers::default();
    client.looks.insert("a", Says::Refused(WRONG));
    client.bells.insert("a", Says::RingsAfter(SOON));
    let (woken, took) = ended(&client, &["a", "b"], true).await;
    assert_eq!((woken.unwrap(), took), (Woken::Rang(queue("a")), SOON));
    client.bells.clear();
    let (woken, took) = ended(&client, &["a", "b"], true).await;
    assert_eq!((woken.unwrap_err().kind(), took), (ErrorKind::WrongType, HOLD));
}

#[tokio::test(start_paused = true)]
async fn a_bell_that_cannot_be_looked_at_hides_no_other() {
    let queues = ["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "x", "y"];
    for text in [WRONG, AWAY] {
        let mut client = cluster([]);
        client.looks.insert("x", Says::Refused(text));
        client.looks.insert("y", Says::RingsAfter(Duration::ZERO));
        let (woken, took) = ended(&client, &queues, false).await;
        assert_eq!((woken.unwrap(), took), (Woken::Rang(queue("y")), Duration::ZERO));
        client.looks.remove("y");
        let (woken, took) = ended(&client, &queues, false).await;
        assert!(woken.is_err(), "{woken:?}");
        let until = if text == AWAY { LOOK_EVERY } else { HOLD };
        assert!((until..until + SOON).contains(&took), "{text}: {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_claim_behind_a_refused_command_took_is_told_at_once() {
    let mut client = Servers::default();
    client.bells.insert("a", Says::RefusedWithTask("NOPERM no rights for blpop"));
    let from = ClaimFrom { queue: queue("a"), max: 1, inbox: true };
    let claim = Claim {
        worker: WorkerId::new(),
        number: 7,
        lease: Duration::from_secs(30),
        mode: ClaimMode::Shared,
        queues: vec![from],
    };
    let on = WaitOn { queue: queue("a"), inbox: true };
    let call = Wait { queues: vec![on], timeout: HOLD, claim: Some(claim) };
    let began = Instant::now();
    let woken = wait(&client, &Settings::default(), &call).await;
    let Ok(Woken::Claimed(answers)) = woken else { panic!("{woken:?}") };
    assert_eq!((answers[0].tasks.len(), began.elapsed()), (1, Duration::ZERO));
}
