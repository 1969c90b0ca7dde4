use std::sync::LazyLock;

use bytes::Bytes;
use tireless_core::ErrorKind;
use tokio::time::sleep;

use super::round::ROUNDS;
use super::*;
use crate::connect_error::ConnectError;
use crate::slots::slot_of;

/// The servers of all tests by their ports. Each test has a decade of its own: the first two are
/// masters of a half of the slots each.
static SERVERS: LazyLock<Mutex<HashMap<u16, Server>>> = LazyLock::new(Mutex::default);

#[derive(Clone, Copy, Debug, Default)]
struct Server {
    away: bool,
    /// Whether nothing comes back from it.
    dark: bool,
    /// Whether it takes no password.
    refuses: bool,
    /// Whether it has lost the others, and does not know what they decide.
    cut_off: bool,
    /// How many milliseconds it is away from its callers.
    far: u64,
    /// How often it says yet that a slot is between it and another.
    between: u32,
    /// Who has its slots by now, if somebody else has.
    successor: Option<u16>,
}

fn server<T>(port: u16, act: impl FnOnce(&mut Server) -> T) -> T {
    act(SERVERS.lock().unwrap().entry(port).or_default())
}

fn nowhere() -> ConnectError {
    ConnectError::Unreachable("connection refused".into())
}

#[derive(Debug)]
struct Fake {
    port: u16,
}

impl Fake {
    fn slots(&self) -> Reply {
        let first = self.port - self.port % 10;
        let half = |at: u16| {
            let port = first + at;
            let known = server(port, |server| server.successor).filter(|_| !self.is_cut_off());
            let port = known.unwrap_or(port);
            let [from, to] = [at * 8_192, at * 8_192 + 8_191].map(|slot| Reply::Int(slot.into()));
            let master = vec![Reply::Bytes("h".into()), Reply::Int(port.into())];
            Reply::Array(vec![from, to, Reply::Array(master)])
        };
        Reply::Array(vec![half(0), half(1)])
    }

    fn is_cut_off(&self) -> bool {
        server(self.port, |server| server.cut_off)
    }

    fn answer(&self, command: &Command) -> Answer {
        let between = || {
            server(self.port, |server| {
                let left = server.between.checked_sub(1);
                server.between = left.unwrap_or_default();
                left.is_some()
            })
        };
        match &command.words[0] {
            name if name == "CLUSTER" => Ok(self.slots()),
            name if name == "GET" && self.is_cut_off() => {
                Err(ClientError::Server("CLUSTERDOWN The cluster is down".into()))
            }
            name if name == "GET" && between() => Err(ClientError::Server("TRYAGAIN".into())),
            name if name == "BLPOP" => Err(ClientError::Server("UNBLOCKED force unblock".into())),
            _ => Ok(Reply::Int(self.port.into())),
        }
    }
}

impl Link for Fake {
    async fn open(address: &Address) -> std::result::Result<Self, ConnectError> {
        let port = address.place().rsplit_once(':').unwrap().1.parse().unwrap();
        if server(port, |server| server.dark) {
            std::future::pending::<()>().await;
        }
        if server(port, |server| server.refuses) {
            return Err(ConnectError::Refused("WRONGPASS invalid password".into()));
        }
        if server(port, |server| server.away) { Err(nowhere()) } else { Ok(Self { port }) }
    }

    fn is_closed(&self) -> bool {
        server(self.port, |server| server.away)
    }

    async fn call(&self, commands: Vec<Command>) -> Vec<Answer> {
        sleep(Duration::from_millis(server(self.port, |server| server.far))).await;
        commands.iter().map(|command| self.answer(command)).collect()
    }
}

async fn cluster(first: u16) -> ClusterClient<Fake> {
    let address = Address::parse(&format!("redis-cluster://h:{first}")).unwrap();
    ClusterClient::connect(&address).await.unwrap()
}

/// A command for one half of the slots.
fn get(half: u16) -> Command {
    let mut keys = (0..).map(|at| Bytes::from(format!("key {at}")));
    let key = keys.find(|key| slot_of(key) / 8_192 == half).unwrap();
    Command::keyed(vec!["GET".into(), key], 1)
}

#[tokio::test(start_paused = true)]
async fn a_master_that_is_away_holds_up_no_answer_of_the_others_for_long() {
    let client = cluster(7_000).await;
    server(7_001, |server| server.away = true);
    for successor in [None, Some(7_002)] {
        server(7_001, |server| server.successor = successor);
        let began = Instant::now();
        let answers = client.send(vec![get(0), get(1)]).await;
        let took = began.elapsed();
        assert!(took <= patience::NODE + Duration::from_millis(5), "{took:?}");
        let [Ok(Reply::Int(7_000)), Err(ClientError::NotSent(_))] = answers[..] else {
            panic!("{answers:?}");
        };
    }
    // It has asked who has the slots now.
    let began = Instant::now();
    let answers = client.send(vec![get(0), get(1)]).await;
    assert!(matches!(answers[..], [Ok(Reply::Int(7_000)), Ok(Reply::Int(7_002))]), "{answers:?}");
    assert!(began.elapsed() <= Duration::from_millis(5), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_master_that_is_away_is_looked_for_while_all_commands_wait() {
    let client = cluster(7_010).await;
    server(7_011, |server| server.away = true);
    let began = Instant::now();
    let answers = client.send(vec![get(1), get(1)]).await;
    let not_sent = |answer: &Answer| matches!(answer, Err(ClientError::NotSent(_)));
    assert!(answers.len() == 2 && answers.iter().all(not_sent), "{answers:?}");
    assert!(began.elapsed() >= patience::REDIRECTED, "{:?}", began.elapsed());
    let (answers, ()) = futures_util::future::join(client.send(vec![get(1)]), async {
        sleep(patience::REDIRECTED / 2).await;
        server(7_011, |server| server.successor = Some(7_012));
    })
    .await;
    assert!(matches!(answers[..], [Ok(Reply::Int(7_012))]), "{answers:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_between_two_servers_is_sent_again_while_others_have_their_answers() {
    let client = cluster(7_020).await;
    server(7_021, |server| server.between = ROUNDS - 1);
    let answers = client.send(vec![get(0), get(1)]).await;
    assert!(matches!(answers[..], [Ok(Reply::Int(7_020)), Ok(Reply::Int(7_021))]), "{answers:?}");
}

#[tokio::test(start_paused = true)]
async fn who_is_let_go_by_a_master_that_hands_over_asks_for_its_successor() {
    let client = cluster(7_030).await;
    server(7_031, |server| server.successor = Some(7_032));
    let wait = Command { words: vec!["BLPOP".into()], ..get(1) };
    client.block(vec![wait], Duration::from_secs(1)).await;
    let answers = client.send(vec![get(1)]).await;
    assert!(matches!(answers[..], [Ok(Reply::Int(7_032))]), "{answers:?}");
}

#[tokio::test(start_paused = true)]
async fn servers_that_say_nothing_do_not_keep_a_later_one_from_answering() {
    server(7_040, |server| server.dark = true);
    let address = Address::parse("redis-cluster://h:7040?node=h:7041").unwrap();
    let began = Instant::now();
    let client: ClusterClient<Fake> = ClusterClient::connect(&address).await.unwrap();
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
    let answers = client.send(vec![get(1)]).await;
    assert!(matches!(answers[..], [Ok(Reply::Int(7_041))]), "{answers:?}");
}

#[tokio::test(start_paused = true)]
async fn the_server_of_the_address_is_waited_for_no_longer_than_others() {
    let client = cluster(7_050).await;
    server(7_050, |server| server.away = true);
    let began = Instant::now();
    let answers = client.send(vec![get(0), get(1)]).await;
    assert!(matches!(answers[..], [Err(_), Ok(Reply::Int(7_051))]), "{answers:?}");
    let took = began.elapsed();
    assert!(took <= patience::NODE + Duration::from_millis(5), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_master_that_is_cut_off_from_the_others_is_not_believed() {
    let client = cluster(7_060).await;
    server(7_060, |server| (server.cut_off, server.successor) = (true, Some(7_062)));
    server(7_061, |server| server.far = 5);
    let answers = client.send(vec![get(0)]).await;
    assert!(matches!(answers[..], [Ok(Reply::Int(7_062))]), "{answers:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_is_told_of_before_one_that_is_away() {
    server(7_090, |server| server.refuses = true);
    server(7_091, |server| server.dark = true);
    server(7_092, |server| server.away = true);
    for address in ["h:7090?node=h:7091&node=h:7092", "h:7092?node=h:7090"] {
        let address = Address::parse(&format!("redis-cluster://{address}")).unwrap();
        let error = ClusterClient::<Fake>::connect(&address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    }
}
