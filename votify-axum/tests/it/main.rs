//! The router over the real engine and the memory store, in process and over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    unreachable_pub,
    reason = "tests; what a fixture cannot do is a failed test"
)]

#[cfg(feature = "accounts")]
mod accounts;
mod app;
mod bodies;
mod browser;
mod calls;
mod canary;
mod creating;
mod crowds;
mod failing_store;
mod failures;
mod fuzz;
mod hidden;
mod invites;
#[cfg(feature = "jwks")]
mod jwks;
mod limits;
mod listing;
mod live;
mod log;
mod mounting;
mod openapi;
mod operations;
mod origins;
mod owners;
#[cfg(feature = "ui")]
mod pages;
mod quotas;
mod reading;
mod roles;
mod server;
mod sessions;
#[cfg(any(feature = "accounts", feature = "jwks"))]
mod signing;
mod sse;
mod voting;
mod web_socket;
