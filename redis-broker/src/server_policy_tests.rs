use bytes::Bytes;

use super::*;

fn of(limit: u64, policy: &str) -> MemoryPolicy {
    MemoryPolicy { limit, policy: policy.to_owned() }
}

#[test]
fn a_limit_with_any_policy_but_noeviction_evicts() {
    for policy in ["allkeys-lru", "allkeys-random", "volatile-ttl", "volatile-lfu", "new-one"] {
        assert!(of(1, policy).evicts(), "{policy}");
        assert!(!of(0, policy).evicts(), "{policy}");
    }
    assert!(!of(1, "noeviction").evicts());
}

#[test]
fn it_is_read_from_either_answer() {
    let info =
        Info::new(b"# Memory\r\nused_memory:1\r\nmaxmemory:64\r\nmaxmemory_policy:allkeys-lru\r\n");
    assert_eq!(MemoryPolicy::from_info(&info), Some(of(64, "allkeys-lru")));
    assert_eq!(MemoryPolicy::from_info(&Info::new(b"used_memory:1\r\n")), None);
    let text = |text: &'static str| Reply::Bytes(Bytes::from_static(text.as_bytes()));
    let words = ["maxmemory-samples", "5", "maxmemory-policy", "noeviction", "maxmemory", "0"];
    let config = Reply::Array(words.map(text).to_vec());
    assert_eq!(MemoryPolicy::from_config(config), Some(of(0, "noeviction")));
    assert_eq!(MemoryPolicy::from_config(Reply::Array(Vec::new())), None);
}
