//! Real PostgreSQL, MySQL and MariaDB servers for tests: a corner of a shared one ([`Database`]), or one that a test
//! has to itself and may kill ([`Server`]).
//!
//! A test program takes it in by `#[path = "../servers/mod.rs"] mod servers;`. A test that starts a [`Server`] holds
//! `private_server` in its name or its module's, so that nextest runs it in the group of those.
#![allow(
    dead_code,
    unused_imports,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "for tests, of which every program uses a part"
)]

mod connection;
mod database;
mod guard;
mod kind;
pub(crate) mod leftovers;
mod mysql;
mod patience;
mod postgres;
pub(crate) mod processes;
mod programs;
mod server;
mod start;

pub(crate) use connection::Connection;
pub(crate) use database::Database;
pub(crate) use kind::Kind;
pub(crate) use server::Server;
