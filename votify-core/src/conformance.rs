//! The laws of [`Store`](crate::Store), [`Broadcaster`](crate::Broadcaster) and [`RateLimiter`](crate::RateLimiter) as
//! tests, for whoever writes a backend.
//!
//! A backend implements a fixture, which opens it empty, and calls a macro in an integration test; each law becomes one
//! named test:
//!
//! ```
//! use std::sync::Arc;
//! use votify_core::conformance::{FreshStore, StoreFixture};
//! use votify_core::MemoryStore;
//!
//! struct Memory;
//!
//! #[async_trait::async_trait]
//! impl StoreFixture for Memory {
//!     async fn fresh(&self) -> FreshStore {
//!         FreshStore::new(Arc::new(MemoryStore::new()))
//!     }
//! }
//!
//! votify_core::store_conformance!(Memory);
//! ```
//!
//! No case reads a clock or waits for time to pass, none looks behind the trait, and each works on a store of its own.
//! What a case finds wrong it tells by panicking, as tests do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a case that finds a law broken panics, as tests do"
)]

mod case;
mod fixture;
mod list;
mod run;
mod seeds;
mod sequence;
pub mod store;

pub use case::{STORE_CASES, StoreCase};
pub use fixture::{FreshStore, StoreFixture};
pub use run::check_store;
