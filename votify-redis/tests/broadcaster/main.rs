//! The broadcaster on real servers.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod closing;
mod conformance;
mod connection_loss;
mod engines;
mod harness;
mod invalid_payloads;
#[cfg(feature = "cluster")]
mod private_server_cluster;
mod relay;
mod subscribe_failures;
mod subscriptions;
mod unreliable_delivery;
