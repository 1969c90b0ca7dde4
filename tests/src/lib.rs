//! What the suite shares: the two client libraries behind one word, pools and worker processes on a
//! queue, and hands that reach into Redis past the broker.

mod eventually;
mod library;
mod python;
mod raw;
mod site;

pub use eventually::{eventually, quantile};
pub use library::{
    Fred, FredHarness, Library, OwnServer, RedisHarness, RedisRs, RedisRsHarness, fresh_namespace,
    key_of, small_cap,
};
pub use python::redis_py;
pub use raw::Raw;
pub use site::{Log, Pace, Site, WorkerProcess};
