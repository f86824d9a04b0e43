//! The broadcaster over `LISTEN` and `NOTIFY`, on a real server.
//!
//! A channel is heard in the whole database: every test here hears the traffic of all others, and must not care.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests, whose scenes are built by functions outside of them"
)]

mod ending;
mod engines;
mod foreign;
mod half_open;
mod laws;
mod losing;
mod opening;
mod proxy;
mod scene;
mod sizes;
