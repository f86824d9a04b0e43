//! The broadcaster, on real servers.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests, whose scenes are built by functions outside of them"
)]

mod ending;
mod engines;
mod foreign;
mod laws;
mod losing;
#[cfg(feature = "cluster")]
mod private_servers_of_a_cluster;
mod relay;
mod scene;
#[path = "../servers/mod.rs"]
mod servers;
mod subscriptions;
mod unreliable;
mod waiting;
