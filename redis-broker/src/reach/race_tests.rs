use std::sync::Mutex;

use tokio::time::{Instant, sleep};

use super::*;

/// What an address does.
#[derive(Clone, Copy)]
enum Does {
    Nothing,
    Answers(u64),
    Refuses(u64),
    HasNoRoute,
}
use Does::{Answers, HasNoRoute, Nothing, Refuses};

fn address(at: usize) -> SocketAddr {
    ([192, 0, 2, at as u8], 6379).into()
}

/// How a race over such addresses ends, when, and when each was tried, in milliseconds.
async fn run(does: &[Does]) -> (io::Result<Won<usize>>, u64, Vec<u64>) {
    let addresses: Vec<_> = (0..does.len()).map(address).collect();
    let begin = Instant::now();
    let now = || begin.elapsed().as_millis() as u64;
    let tried = Mutex::new(Vec::new());
    let connect = |to: SocketAddr| {
        tried.lock().unwrap().push(now());
        let at = addresses.iter().position(|address| *address == to).unwrap();
        async move {
            match does[at] {
                Nothing => std::future::pending().await,
                Answers(after) => sleep(Duration::from_millis(after)).await,
                Refuses(after) => {
                    sleep(Duration::from_millis(after)).await;
                    return Err(io::ErrorKind::ConnectionRefused.into());
                }
                HasNoRoute => return Err(io::ErrorKind::NetworkUnreachable.into()),
            }
            Ok(at)
        }
    };
    let won = race(&addresses, connect).await;
    let took = now();
    (won, took, tried.into_inner().unwrap())
}

/// Which address won, which were passed over, when, and when each was tried.
async fn won(does: &[Does]) -> (usize, Vec<SocketAddr>, u64, Vec<u64>) {
    let (won, took, tried) = run(does).await;
    let won = won.unwrap();
    assert_eq!(won.address, address(won.stream));
    (won.stream, won.passed, took, tried)
}

#[tokio::test(start_paused = true)]
async fn one_address_is_all_there_is() {
    assert_eq!(won(&[Answers(1_000)]).await, (0, vec![], 1_000, vec![0]));
    let (none, took, tried) = run(&[Refuses(70)]).await;
    assert_eq!(none.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!((took, tried), (70, vec![0]));
}

#[tokio::test(start_paused = true)]
async fn a_first_address_that_answers_soon_is_the_only_one_tried() {
    assert_eq!(won(&[Answers(200), Answers(0)]).await, (0, vec![], 200, vec![0]));
}

#[tokio::test(start_paused = true)]
async fn a_dark_first_address_costs_its_head_start() {
    let (at, passed, took, tried) = won(&[Nothing, Answers(30)]).await;
    assert_eq!((at, passed, tried), (1, vec![address(0)], vec![0, 250]));
    assert!((280..285).contains(&took), "{took}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_address_may_win_yet() {
    let (at, passed, took, _) = won(&[Answers(400), Answers(300)]).await;
    assert_eq!((at, passed, took), (0, vec![], 400), "who came later was not passed over");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_starts_the_next_at_once() {
    assert_eq!(won(&[Refuses(10), Answers(5)]).await, (1, vec![], 15, vec![0, 10]));
    assert_eq!(won(&[HasNoRoute, Answers(5)]).await, (1, vec![], 5, vec![0, 0]));
}

#[tokio::test(start_paused = true)]
async fn dark_and_refused_and_good_in_any_order() {
    assert_eq!(won(&[Nothing, Refuses(0), Answers(5)]).await.1, [address(0)]);
    assert_eq!(won(&[Refuses(0), Nothing, Answers(5)]).await.1, [address(1)]);
    for order in [
        [Nothing, Refuses(0), Answers(5)],
        [Refuses(0), Nothing, Answers(5)],
        [Nothing, Answers(5), Refuses(0)],
        [Refuses(0), Answers(5), Nothing],
        [Answers(5), Nothing, Refuses(0)],
        [Answers(5), Refuses(0), Nothing],
    ] {
        let (at, _, took, _) = won(&order).await;
        assert!(matches!(order[at], Answers(_)), "{at}");
        assert!(took < 260, "{took}");
    }
}

#[tokio::test(start_paused = true)]
async fn many_dark_ones_take_a_head_start_each() {
    let (at, passed, took, tried) = won(&[Nothing, Nothing, Nothing, Nothing, Answers(0)]).await;
    assert_eq!((at, passed.len(), tried.len()), (4, 4, 5));
    assert!((1_000..1_010).contains(&took), "{took}");
}

#[tokio::test(start_paused = true)]
async fn of_several_failures_a_refusal_is_told() {
    for does in [[Refuses(5), Refuses(5)], [HasNoRoute, Refuses(5)], [Refuses(5), HasNoRoute]] {
        let (none, took, _) = run(&does).await;
        assert_eq!(none.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert!(took <= 10, "{took}");
    }
    let (none, ..) = run(&[HasNoRoute, HasNoRoute]).await;
    assert_eq!(none.unwrap_err().kind(), io::ErrorKind::NetworkUnreachable);
}

/// Whether the rest is dark is for the caller to say, who limits the time.
#[tokio::test(start_paused = true)]
async fn as_long_as_one_is_silent_there_is_no_error() {
    let limit = Duration::from_secs(3);
    assert!(timeout(limit, run(&[Nothing, Refuses(0)])).await.is_err());
    assert!(timeout(limit, run(&[Refuses(0), Nothing])).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn without_an_address_there_is_nothing_to_try() {
    let (none, took, _) = run(&[]).await;
    assert!(none.unwrap_err().to_string().contains("resolve"));
    assert_eq!(took, 0);
}
