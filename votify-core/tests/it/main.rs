//! The conformance suites on the in-memory backends, and tests of the suites themselves:
//! a backend with one fault must fail the case that covers it. Also tests of polls'
//! texts, and of documented formats.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod documented_records;
mod faulty_accounts;
mod faulty_broadcaster;
mod faulty_limiter;
mod faulty_queue;
mod faulty_store;
mod memory;
mod texts;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Asserts that a conformance check fails on a backend with this fault.
fn assert_detected(case: &str, fault: impl fmt::Debug, check: impl FnOnce()) {
    let result = catch_unwind(AssertUnwindSafe(check));
    assert!(result.is_err(), "{case} does not detect {fault:?}");
}
