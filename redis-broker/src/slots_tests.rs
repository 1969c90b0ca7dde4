use bytes::Bytes;

use super::*;

fn node(host: &str, port: u16) -> Node {
    Node { host: host.to_owned(), port }
}

fn text(text: &'static str) -> Reply {
    Reply::Bytes(Bytes::from_static(text.as_bytes()))
}

fn range(first: i64, last: i64, host: Reply, port: i64) -> Reply {
    let master = Reply::Array(vec![host, Reply::Int(port), text("id")]);
    let replica = Reply::Array(vec![text("10.0.0.9"), Reply::Int(9), text("id")]);
    Reply::Array(vec![Reply::Int(first), Reply::Int(last), master, replica])
}

/// The values that the Cluster specification and `CLUSTER KEYSLOT` give.
#[test]
fn keys_have_the_slots_that_servers_say() {
    assert_eq!(crc16(b"123456789"), 0x31c3);
    for (key, slot) in [
        ("foo", 12_182),
        ("somekey", 11_058),
        ("foo{hash_tag}", 2_515),
        ("bar{hash_tag}", 2_515),
        ("{user1000}.following", 3_443),
        ("", 0),
    ] {
        assert_eq!(slot_of(key.as_bytes()), slot, "{key}");
    }
    assert_eq!(slot_of(b"foo{}{bar}"), crc16(b"foo{}{bar}") % SLOTS, "an empty tag is none");
    assert_eq!(slot_of(b"foo{{bar}}zap"), slot_of(b"{bar"));
    assert_eq!(slot_of(b"foo{bar}{zap}"), slot_of(b"bar"));
}

#[test]
fn an_answer_tells_the_masters() {
    let asked = node("127.0.0.1", 7_000);
    let answer = Reply::Array(vec![
        range(5_461, 10_922, text("10.0.0.2"), 7_001),
        range(0, 5_460, text(""), 7_000),
        range(10_923, 16_383, Reply::Nil, 7_002),
    ]);
    let map = SlotMap::read(answer, &asked).unwrap();
    for (slot, master) in [
        (0, &asked),
        (5_460, &asked),
        (5_461, &node("10.0.0.2", 7_001)),
        (16_383, &node("127.0.0.1", 7_002)),
    ] {
        assert_eq!(map.master(slot), Some(master), "{slot}");
    }
    assert_eq!(map.masters().len(), 3);
    assert_eq!(SlotMap::read(Reply::Array(vec![Reply::Int(1)]), &asked), None);
    assert_eq!(SlotMap::read(Reply::Nil, &asked), None);
}

#[test]
fn a_slot_that_nobody_serves_has_no_master() {
    let asked = node("h", 1);
    let answer = Reply::Array(vec![range(10, 20, text("h"), 1)]);
    let map = SlotMap::read(answer, &asked).unwrap();
    assert_eq!((map.master(9), map.master(20), map.master(21)), (None, Some(&asked), None));
    assert_eq!(SlotMap::default().master(0), None);
}

#[test]
fn a_moved_slot_moves_alone() {
    let (old, new) = (node("h", 1), node("h", 2));
    let answer = Reply::Array(vec![range(0, 16_383, text("h"), 1)]);
    let mut map = SlotMap::read(answer, &old).unwrap();
    map.moved(100, &new);
    assert_eq!(
        (map.master(99), map.master(100), map.master(101)),
        (Some(&old), Some(&new), Some(&old))
    );
}

#[test]
fn nodes_are_read_as_servers_write_them() {
    let asked = node("asked", 7_000);
    for (text, parsed) in [
        ("10.0.0.2:7001", Some(node("10.0.0.2", 7_001))),
        ("redis-2.example:7001", Some(node("redis-2.example", 7_001))),
        (":7001", Some(node("asked", 7_001))),
        ("?:7001", Some(node("asked", 7_001))),
        ("fe80::1:7001", Some(node("fe80::1", 7_001))),
        ("10.0.0.2:7001@17001", Some(node("10.0.0.2", 7_001))),
        ("10.0.0.2", None),
        ("10.0.0.2:0", None),
        ("10.0.0.2:x", None),
    ] {
        assert_eq!(Node::parse(text, &asked), parsed, "{text}");
    }
}
