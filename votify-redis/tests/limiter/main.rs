//! The rate limiter, on real servers.
#![expect(
    clippy::unwrap_used,
    reason = "tests, whose scenes are built by functions outside of them"
)]

mod arithmetic;
mod keys;
mod laws;
mod losing;
#[path = "../servers/mod.rs"]
mod servers;
