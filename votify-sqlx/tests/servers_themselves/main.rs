//! That the servers which other tests rely on do what these take them to do.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests, whose scenes are built by functions outside of them"
)]

mod databases;
mod hard_kills;
mod private_servers;
#[path = "../servers/mod.rs"]
mod servers;
