//! The broker over the `fred` crate.
//!
//! [`FredClient`] is all that this crate adds to `tireless-redis-broker`: a
//! [`Link`](tireless_redis_broker::link::Link) made of one client of the library that never
//! connects again and never sends again. Time-outs, reconnecting and waiting are the same for
//! every library and live there.
//!
//! - `link.rs`: one connection, opened and used
//! - `config.rs`: an address in the library's words
//! - `convert.rs`: commands to the library, its frames back
//! - `error.rs`: what the library's errors mean

mod config;
mod convert;
mod error;
mod link;

pub use link::FredLink;
use tireless_redis_broker::topology::AnyClient;

/// A Redis client over the `fred` crate: `FredClient::connect(&address)`.
pub type FredClient = AnyClient<FredLink>;

/// The broker over the `fred` crate: `FredBroker::connect(url, settings)`.
pub type FredBroker = tireless_redis_broker::RedisBroker<FredClient>;

pub use tireless_redis_broker::{Adoption, Settings};
