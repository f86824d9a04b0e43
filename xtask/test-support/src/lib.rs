//! Shared parts of the integration tests of Votify's backends: servers that tests start
//! and kill, databases that are dropped after a test, and scenarios that run against any
//! store or broadcaster.
//!
//! A test that starts a database server or a Redis Cluster has `private_server` in its
//! path, so that nextest limits how many of them run at once. A long test has `endurance`
//! in its path and runs in `cargo xtask endure` only.
#![allow(
    clippy::expect_used,
    clippy::future_not_send,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and scenarios take async closures"
)]

pub mod ballots;
pub mod broadcaster;
pub mod browser;
mod command;
pub mod kafka;
pub mod long_reads;
mod port;
pub mod process;
pub mod races;
pub mod redis;
pub mod seals;
mod skip;
pub mod sql;
mod wait;
