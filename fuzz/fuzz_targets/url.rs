//! Any text is an address or an error, neither of which ever shows a password.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tireless_redis_broker::address::Address;

/// Long and rare enough to be found by no accident in what an address shows.
const SECRET: &str = "s3cret-Passw0rd";

fuzz_target!(|text: &str| {
    let _ = Address::parse(text).map(|address| address.place());
    for scheme in ["redis", "rediss", "redis+unix", "redis-sentinel", "redis-cluster"] {
        let url = format!("{scheme}://user:{SECRET}@{text}");
        let shown = match Address::parse(&url) {
            Ok(address) => format!("{address:?} {}", address.place()),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains(SECRET), "{url} became {shown}");
    }
});
