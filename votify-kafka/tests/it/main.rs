//! The queue on librdkafka's own mock cluster, which runs in the test's process, and on a
//! broker over TCP.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod blocked_partitions;
mod broker;
mod closing;
mod cluster;
mod conformance;
mod election;
mod faults;
mod kills;
mod rebalances;
mod records;
mod replays;
mod store_pauses;
