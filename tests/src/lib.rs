//! What the suite shares: the two client libraries behind one word, and hands that reach into Redis
//! past the broker.

mod library;
mod raw;

pub use library::{
    Fred, FredHarness, Library, OwnServer, RedisHarness, RedisRs, RedisRsHarness, fresh_namespace,
    small_cap,
};
pub use raw::Raw;
