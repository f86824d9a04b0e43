//! The queue on real servers, with several consumers and failing servers.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod bounds;
mod conformance;
mod consumers;
mod harness;
mod server_failures;
mod unreadable_entries;
