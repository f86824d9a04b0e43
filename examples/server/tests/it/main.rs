//! Tests of the built binary: arguments, signals, port.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod accounts;
mod api;
mod browser;
mod client_library;
mod connections;
mod crash;
mod creation_limits;
mod fleet;
mod full_disk;
mod hosts;
mod issuer;
#[cfg(feature = "kafka")]
mod kafka;
mod list_readers;
mod lost_store;
mod origins;
mod program;
mod public_path;
mod queue;
mod redis_outage;
mod redis_settings;
mod redis_shared_services;
mod redis_store;
mod secrets;
mod settings;
mod shutdown;
mod snapshots;
mod sql_servers;
mod startup;
mod streams;
mod unread_responses;
mod verify;
