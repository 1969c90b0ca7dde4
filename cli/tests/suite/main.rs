//! The command as a user meets it: one real program, one real server, one binary of tests.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod adopted;
mod bad_input;
mod bench;
mod doctor;
mod drain;
mod eviction;
mod guard;
mod harness;
mod health;
mod ill_queues;
mod operate;
mod own_ids;
mod push;
mod run;
mod secrets;
mod signals;
mod streams;
mod work;
