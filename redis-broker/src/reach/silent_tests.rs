use super::*;

fn address(at: u8) -> SocketAddr {
    ([192, 0, 2, at], 6379).into()
}

fn order(silent: &Silent, addresses: &[u8]) -> Vec<SocketAddr> {
    let mut order: Vec<_> = addresses.iter().copied().map(address).collect();
    silent.put_last(&mut order);
    order
}

#[tokio::test(start_paused = true)]
async fn who_was_silent_is_last_for_a_while() {
    let silent = Silent::new();
    silent.note(&[address(1)], address(2));
    assert_eq!(order(&silent, &[1, 3, 2]), [3, 2, 1].map(address));
    tokio::time::advance(REMEMBERED).await;
    assert_eq!(order(&silent, &[1, 3, 2]), [1, 3, 2].map(address));
}

#[test]
fn who_answers_is_silent_no_more() {
    let silent = Silent::new();
    silent.note(&[address(1), address(2)], address(3));
    silent.note(&[], address(1));
    assert_eq!(order(&silent, &[2, 1, 3]), [1, 3, 2].map(address));
}

#[test]
fn as_many_are_remembered_as_there_is_room_for() {
    let silent = Silent::new();
    for at in 0..=MOST as u8 {
        silent.note(&[address(at)], address(200));
    }
    assert_eq!(silent.remembered().len(), MOST);
    assert_eq!(order(&silent, &[1, 0, 200]), [0, 200, 1].map(address));
}
