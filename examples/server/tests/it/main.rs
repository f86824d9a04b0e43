//! The built binary, from outside: its arguments, its signals, its port.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod accounts;
mod api;
mod connections;
mod crash;
mod database_servers;
mod fleet;
mod full_disk;
mod live;
mod program;
mod redis_away;
mod redis_helpers;
mod redis_settings;
mod redis_store;
mod secrets;
mod settings;
mod starting;
mod stopping;
mod verify;
