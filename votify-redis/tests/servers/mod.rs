//! Real Redis servers for tests, which a test has to itself and may kill: one ([`Server`]), or a cluster of three
//! ([`Cluster`]).
//!
//! A test program takes it in by `#[path = "../servers/mod.rs"] mod servers;`. Redis is small, so these tests need not be
//! in nextest's group of private servers, except where a test starts a cluster: then it holds `private_server` in its
//! name or its module's.
#![allow(
    dead_code,
    unused_imports,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "for tests, of which every program uses a part"
)]

mod certificates;
mod cluster;
#[path = "../../../votify-sqlx/tests/servers/guard.rs"]
mod guard;
#[path = "../../../votify-sqlx/tests/servers/patience.rs"]
mod patience;
#[path = "../../../votify-sqlx/tests/servers/processes.rs"]
pub(crate) mod processes;
mod programs;
mod server;
mod setup;
mod shared;

pub(crate) use cluster::Cluster;
pub(crate) use programs::unavailable;
pub(crate) use server::Server;
pub(crate) use setup::Setup;
pub(crate) use shared::{new_prefix, shared_url};
