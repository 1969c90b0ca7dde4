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
