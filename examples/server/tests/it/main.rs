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
    reason = "database servers and Redis servers are guarded by the same code"
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
#[path = "../../../../votify-redis/tests/servers/mod.rs"]
mod redis_servers;
mod redis_settings;
mod redis_store;
mod secrets;
#[path = "../../../../votify-sqlx/tests/servers/mod.rs"]
mod servers;
mod settings;
mod starting;
mod stopping;
mod verify;
