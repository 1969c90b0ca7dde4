use std::sync::Mutex;

use super::*;
use crate::client::{ClientError, Command, RedisClient};
use crate::linked::LinkedClient;
use crate::reply::Reply;

static TRIES: Mutex<Vec<Instant>> = Mutex::new(Vec::new());

/// A link to a server that refuses each connection.
#[derive(Debug)]
enum Refused {}

impl Link for Refused {
    async fn open(_: &Address) -> std::result::Result<Self, ConnectError> {
        TRIES.lock().unwrap().push(Instant::now());
        Err(ConnectError::Unreachable("connection refused".into()))
    }

    fn is_closed(&self) -> bool {
        match *self {}
    }

    async fn call(&self, _: Vec<Command>) -> Vec<std::result::Result<Reply, ClientError>> {
        match *self {}
    }
}

/// The longest pause between the tries of calls that are made for a minute.
async fn longest_pause(client: &LinkedClient<Refused>) -> Duration {
    TRIES.lock().unwrap().clear();
    let until = Instant::now() + Duration::from_secs(60);
    while Instant::now() < until {
        let ping = Command::anywhere(vec!["PING".into()]);
        assert!(matches!(client.send(vec![ping]).await[..], [Err(ClientError::NotSent(_))]));
    }
    let tries = TRIES.lock().unwrap();
    tries.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap()
}

#[tokio::test(start_paused = true)]
async fn tries_to_connect_follow_the_shortest_lease() {
    let address = Address::parse("redis://nowhere.example").unwrap();
    let client = LinkedClient::<Refused>::unconnected(address, patience::RECONNECT);
    let half_to_whole = |pause, whole: u64| {
        let whole = Duration::from_millis(whole);
        assert!((whole / 2..=whole + Duration::from_millis(2)).contains(&pause), "{pause:?}");
    };
    half_to_whole(longest_pause(&client).await, 1_000);
    client.keeps_lease(Duration::from_secs(2));
    half_to_whole(longest_pause(&client).await, 250);
    client.keeps_lease(Duration::from_secs(60));
    half_to_whole(longest_pause(&client).await, 250);
}

/// A link to a server that is far away: opening one takes longer than two thirds of the patience of
/// a call to a Cluster.
#[derive(Debug)]
struct Far;

impl Link for Far {
    async fn open(_: &Address) -> std::result::Result<Self, ConnectError> {
        tokio::time::sleep(patience::NODE * 2 / 3).await;
        Ok(Self)
    }

    fn is_closed(&self) -> bool {
        false
    }

    async fn call(&self, commands: Vec<Command>) -> Vec<std::result::Result<Reply, ClientError>> {
        if commands[0].words[0] == "BLPOP" {
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        commands.into_iter().map(|_| Ok(Reply::Nil)).collect()
    }
}

fn one_wait() -> Vec<Command> {
    vec![Command::anywhere(vec!["BLPOP".into()])]
}

#[tokio::test(start_paused = true)]
async fn waits_in_line_for_a_far_server_all_get_their_links() {
    let address = Address::parse("redis://far.example").unwrap();
    let client = LinkedClient::<Far>::unconnected(address, patience::NODE);
    let waits = (0..8).map(|_| client.block(one_wait(), Duration::from_secs(10)));
    for answers in futures_util::future::join_all(waits).await {
        assert!(matches!(answers[..], [Ok(Reply::Nil)]), "{answers:?}");
    }
}

/// A link to a server that is gone.
#[derive(Debug)]
enum Gone {}

impl Link for Gone {
    async fn open(_: &Address) -> std::result::Result<Self, ConnectError> {
        Err(ConnectError::Unreachable("connection refused".into()))
    }

    fn is_closed(&self) -> bool {
        match *self {}
    }

    async fn call(&self, _: Vec<Command>) -> Vec<std::result::Result<Reply, ClientError>> {
        match *self {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_server_that_is_away_ends_as_soon_as_a_call() {
    let address = Address::parse("redis://gone.example").unwrap();
    let client = LinkedClient::<Gone>::unconnected(address, patience::NODE);
    let began = Instant::now();
    let answers = client.block(one_wait(), Duration::from_secs(10)).await;
    assert!(matches!(answers[..], [Err(ClientError::NotSent(_))]), "{answers:?}");
    assert!(began.elapsed() <= patience::NODE + Duration::from_millis(2), "{:?}", began.elapsed());
}
