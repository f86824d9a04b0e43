//! The rate limiter on real servers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod clock;
mod conformance;
mod failures;
mod keys;
mod same_as_memory;
