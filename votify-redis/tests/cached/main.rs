//! A store behind Redis keeps every law, whatever becomes of Redis.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::duplicate_mod,
    reason = "tests, whose two kinds of servers share a file or two"
)]

mod counting;
mod faults;
mod flood;
mod flushes;
mod laws;
mod leases;
mod poison;
mod rotation;
mod scene;
#[path = "../servers/mod.rs"]
mod servers;
#[path = "../../../votify-sqlx/tests/servers/mod.rs"]
mod sql_servers;
