//! The built binary, from outside: its arguments, its signals, its port.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![expect(
    clippy::duplicate_mod,
    reason = "the kinds of servers share a file or two"
)]

mod api;
mod connections;
mod crash;
mod database_servers;
mod fleet;
mod full_disk;
mod live;
mod program;
#[path = "../../../../votify-redis/tests/servers/mod.rs"]
mod redis_servers;
mod secrets;
#[path = "../../../../votify-sqlx/tests/servers/mod.rs"]
mod servers;
mod settings;
mod starting;
mod stopping;
mod verify;
