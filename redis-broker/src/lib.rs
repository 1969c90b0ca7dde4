//! Everything about Redis that no client library should know twice: key layout, scripts, calls and
//! answers, and the [`RedisBroker`] over any [`RedisClient`](client::RedisClient).
//!
//! A backend implements [`client::RedisClient`] with its library, two methods, and gets a broker
//! that agrees byte for byte with every other one. `docs/redis-layout.md` describes the keys.

pub mod address;
mod admin;
mod broker;
pub mod client;
mod inspect;
mod keys;
mod parse;
pub mod reply;
mod request;
mod runner;
mod script;
mod scripts;
mod server_error;
mod wake;

pub use broker::{RedisBroker, Settings};
