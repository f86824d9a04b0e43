//! The stores and the broadcaster on real databases: the contracts of the traits, and
//! what is specific to each database.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[cfg(all(feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod changed_storage;
mod conformance;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_broadcaster;
#[cfg(all(feature = "mysql", feature = "postgres"))]
mod races;
mod server_harness;
#[cfg(feature = "sqlite")]
mod sqlite;
mod storage_faults;
