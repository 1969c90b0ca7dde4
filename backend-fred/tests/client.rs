//! The cases that every Redis client must pass, over this library.

#[path = "../../redis-broker/tests/client/mod.rs"]
mod client;

use client::client_tests;

client_tests!(tireless_backend_fred::FredLink);
