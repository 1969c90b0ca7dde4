use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

static OPENED: AtomicUsize = AtomicUsize::new(0);

/// A link whose server refuses each command with the command's own words, but for the greeting.
#[derive(Debug)]
struct Echo;

impl Link for Echo {
    async fn open(_: &Address) -> std::result::Result<Self, ConnectError> {
        OPENED.fetch_add(1, Ordering::SeqCst);
        Ok(Self)
    }

    fn is_closed(&self) -> bool {
        false
    }

    async fn call(&self, commands: Vec<Command>) -> Vec<Answer> {
        let refused = |command: Command| match &command.words[0] {
            name if name == "CLIENT" || name == "PING" => Ok(Reply::Nil),
            text => Err(ClientError::Server(String::from_utf8_lossy(text).into_owned())),
        };
        commands.into_iter().map(refused).collect()
    }
}

#[tokio::test]
async fn a_link_that_leads_to_a_replica_is_given_up() {
    let address = Address::parse("redis://nowhere.example").unwrap();
    for (text, is_of_use) in [
        ("READONLY You can't write against a read only replica.", false),
        ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", false),
        ("UNBLOCKED force unblock from blocking operation, instance state changed", false),
        ("ERR WAIT cannot be used with replica instances.", false),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", true),
        ("LOADING Redis is loading the dataset in memory", true),
    ] {
        let client = LinkedClient::<Echo>::unconnected(address.clone(), patience::RECONNECT);
        let before = OPENED.load(Ordering::SeqCst);
        for _ in 0..2 {
            client.send(vec![Command::anywhere(vec![text.into()])]).await;
            client.block(vec![Command::anywhere(vec![text.into()])], Duration::ZERO).await;
        }
        let opened = OPENED.load(Ordering::SeqCst) - before;
        assert_eq!(opened, if is_of_use { 2 } else { 4 }, "{text}");
    }
}

static MADE: AtomicUsize = AtomicUsize::new(0);

/// As many of the links that were made first have gone dark.
static DARK: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug)]
struct Numbered(usize);

impl Link for Numbered {
    async fn open(_: &Address) -> std::result::Result<Self, ConnectError> {
        Ok(Self(MADE.fetch_add(1, Ordering::SeqCst)))
    }

    fn is_closed(&self) -> bool {
        false
    }

    async fn call(&self, commands: Vec<Command>) -> Vec<Answer> {
        // So that calls of one moment need links of their own.
        tokio::time::sleep(Duration::from_millis(1)).await;
        if self.0 < DARK.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        commands.iter().map(|_| Ok(Reply::Nil)).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn one_link_that_went_dark_takes_the_spare_ones_along() {
    let address = Address::parse("redis://nowhere.example").unwrap();
    let client = LinkedClient::<Numbered>::unconnected(address, patience::RECONNECT);
    let command = || vec![Command::anywhere(vec!["PING".into()])];
    let wait = || client.block(command(), Duration::ZERO);
    for by_a_wait in [false, true] {
        futures_util::future::join_all((0..4).map(|_| wait())).await;
        client.send(command()).await;
        DARK.store(MADE.load(Ordering::SeqCst), Ordering::SeqCst);
        if by_a_wait {
            assert!(wait().await[0].is_err());
        } else {
            assert!(client.send(command()).await[0].is_err());
        }
        let next = wait().await;
        assert!(next[0].is_ok(), "by a wait: {by_a_wait}, {next:?}");
    }
}

/// A link that answers nobody if it is the first.
#[derive(Debug)]
struct FirstIsDead(usize);

static OF_DEAD: AtomicUsize = AtomicUsize::new(0);

impl Link for FirstIsDead {
    async fn open(_: &Address) -> std::result::Result<Self, ConnectError> {
        Ok(Self(OF_DEAD.fetch_add(1, Ordering::SeqCst)))
    }

    fn is_closed(&self) -> bool {
        false
    }

    async fn call(&self, commands: Vec<Command>) -> Vec<Answer> {
        let is_greeting = commands.len() == 2;
        if self.0 == 0 && !is_greeting {
            std::future::pending::<()>().await;
        }
        commands.iter().map(|_| Ok(Reply::Nil)).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_link_is_given_up_also_by_those_who_wait_less_long() {
    let address = Address::parse("redis://nowhere.example").unwrap();
    let client = LinkedClient::<FirstIsDead>::unconnected(address, patience::RECONNECT);
    let began = tokio::time::Instant::now();
    let short = Duration::from_secs(1);
    let ping = || client.send(vec![Command::anywhere(vec!["PING".into()])]);
    while timeout(short, ping()).await.is_err() {
        assert!(began.elapsed() <= patience::ANSWER + 2 * short, "it is never given up");
    }
    assert_eq!(OF_DEAD.load(Ordering::SeqCst), 2);
}
