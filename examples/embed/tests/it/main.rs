//! The app of the club, over HTTP and in a browser.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod club;
