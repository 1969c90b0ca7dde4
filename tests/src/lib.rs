//! What the suite shares: the two client libraries behind one word, pools and worker processes on a
//! queue, and hands that reach into Redis past the broker.

pub mod broken;
mod cluster;
mod eventually;
mod library;
mod process;
pub mod proxy;
mod python;
mod raw;
pub mod replies;
mod scale;
mod site;
mod traffic;
mod written_queue;

pub use cluster::ClusterHarness;
pub use eventually::{eventually, quantile};
pub use library::{
    Fred, FredHarness, Library, OwnServer, RedisHarness, RedisRs, RedisRsHarness, fresh_namespace,
    key_of, small_cap,
};
pub use process::{cpu_time, memory};
pub use python::redis_py;
pub use raw::Raw;
pub use scale::scaled;
pub use site::{Log, Pace, Site, WorkerProcess};
pub use traffic::{Stream, Sum, Traffic};
pub use written_queue::WrittenQueue;
