//! The broker over the `redis` crate.
//!
//! [`RedisRsClient`] is all that this crate adds to `tireless-redis-broker`: a
//! [`Link`](tireless_redis_broker::link::Link) made of one multiplexed connection of the library.
//! Time-outs, reconnecting and waiting are the same for every library and live there.
//!
//! - `link.rs`: one connection, opened, greeted, used
//! - `stream.rs`: the bytes under it: TCP, TLS or a Unix socket
//! - `convert.rs`: commands to the library, its values back
//! - `error.rs`: what the library's errors mean

mod convert;
mod error;
mod link;
mod stream;

pub use link::RedisRsLink;
use tireless_redis_broker::topology::AnyClient;

/// A Redis client over the `redis` crate: `RedisRsClient::connect(&address)`.
pub type RedisRsClient = AnyClient<RedisRsLink>;

/// The broker over the `redis` crate: `RedisRsBroker::connect(url, settings)`.
pub type RedisRsBroker = tireless_redis_broker::RedisBroker<RedisRsClient>;

pub use tireless_redis_broker::{Adoption, Settings};
