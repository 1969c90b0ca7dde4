//! Everything about Redis that no client library should know twice: key layout, scripts, calls and
//! answers, and the [`RedisBroker`] over any [`RedisClient`](client::RedisClient).
//!
//! A backend implements [`link::Link`] with its library, three methods, and gets a broker that agrees
//! byte for byte with every other one: the clients here connect, wait and reach Clusters by such links. `docs/redis-layout.md` describes the keys.

pub mod address;
mod admin;
mod broker;
mod checkup;
mod claim_alone;
pub mod client;
pub mod cluster;
mod confirm;
pub mod connect_error;
mod first_words;
mod info;
mod inspect;
mod keys;
pub mod layout;
pub mod link;
pub mod linked;
mod parse;
pub mod patience;
mod push;
pub mod reach;
mod reconcile;
mod registry;
pub mod reply;
mod request;
mod rights;
mod runner;
mod script;
mod scripts;
mod sentinel;
mod server_error;
mod server_policy;
mod settings;
mod slots;
mod take_care;
pub mod tls;
pub mod topology;
mod wake;
mod words;
mod yardstick;

pub use broker::RedisBroker;
pub use keys::Adoption;
pub use settings::Settings;
