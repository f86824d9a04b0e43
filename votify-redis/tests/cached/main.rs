//! The laws of stores hold with a cache in Redis, independent of the state of Redis.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod conformance;
mod corrupt_cache;
mod counting_store;
mod faults;
mod flushes;
mod harness;
mod leases;
mod repeated_votes;
mod round_robin;
