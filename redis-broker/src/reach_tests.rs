use std::time::{Duration, Instant};

use super::*;

fn addresses(hosts: &[&str]) -> Vec<SocketAddr> {
    hosts.iter().map(|host| SocketAddr::new(host.parse().unwrap(), 1)).collect()
}

#[test]
fn families_take_turns_from_the_one_that_the_system_prefers() {
    for (found, order) in [
        (&["::1", "::2", "::3", "10.0.0.1"][..], &["::1", "10.0.0.1", "::2", "::3"][..]),
        (&["10.0.0.1", "10.0.0.2", "::1"], &["10.0.0.1", "::1", "10.0.0.2"]),
        (&["10.0.0.2", "10.0.0.1"], &["10.0.0.2", "10.0.0.1"]),
        (&["127.0.0.1", "127.0.0.1"], &["127.0.0.1"]),
        (&["::1"], &["::1"]),
        (&[], &[]),
    ] {
        assert_eq!(in_turn(addresses(found).into_iter()), addresses(order));
    }
}

#[tokio::test]
async fn an_address_needs_no_name_and_is_not_tried() {
    for (host, found) in [("192.0.2.1", "192.0.2.1:7"), ("2001:db8::1", "[2001:db8::1]:7")] {
        assert_eq!(find(host, 7).await.unwrap(), found.parse().unwrap());
    }
}

/// A port whose queue is full drops whoever comes.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_port_that_drops_is_passed_over_and_remembered() {
    let dark = tokio::net::TcpSocket::new_v4().unwrap();
    dark.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let dark = dark.listen(1).unwrap();
    let good = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let both = [dark.local_addr().unwrap(), good.local_addr().unwrap()];
    let mut queued = Vec::new();
    let patience = Duration::from_millis(300);
    while let Ok(stream) = tokio::time::timeout(patience, TcpStream::connect(both[0])).await {
        queued.push(stream.unwrap());
        assert!(queued.len() < 100, "the queue has no end");
    }
    let begin = Instant::now();
    let (stream, address) = first_of(&both).await.unwrap();
    assert_eq!((stream.peer_addr().unwrap(), address), (both[1], both[1]));
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    let mut order = both;
    SILENT.put_last(&mut order);
    assert_eq!(order, [both[1], both[0]]);
}
