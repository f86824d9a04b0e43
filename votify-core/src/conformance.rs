//! The laws of the backend traits as tests, for authors of backends.
//!
//! A backend implements a fixture, which opens it empty, and calls a macro in an
//! integration test. The macro generates one named test per law:
//!
//! ```
//! use std::sync::Arc;
//! use votify_core::conformance::{Fixture, StoreFixture};
//! use votify_core::{MemoryStore, Store};
//!
//! struct Memory;
//!
//! #[async_trait::async_trait]
//! impl StoreFixture for Memory {
//!     async fn fresh(&self) -> Fixture<dyn Store> {
//!         Fixture::new(Arc::new(MemoryStore::new()))
//!     }
//! }
//!
//! votify_core::store_conformance!(Memory);
//! ```
//!
//! | trait | fixture | macro |
//! | --- | --- | --- |
//! | [`Store`](crate::Store) | [`StoreFixture`] | [`store_conformance!`](crate::store_conformance) |
//! | [`InviteStore`](crate::InviteStore) | [`StoreFixture`] | [`invite_conformance!`](crate::invite_conformance) |
//! | [`Broadcaster`](crate::Broadcaster) | [`BroadcasterFixture`] | [`broadcaster_conformance!`](crate::broadcaster_conformance) |
//! | [`RateLimiter`](crate::RateLimiter) | [`LimiterFixture`] | [`limiter_conformance!`](crate::limiter_conformance) |
//! | [`BallotQueue`](crate::queue::BallotQueue), [`QueueConsumer`](crate::queue::QueueConsumer) | [`QueueFixture`] | [`queue_conformance!`](crate::queue_conformance) |
//! | [`AccountStore`](crate::AccountStore) | [`AccountStoreFixture`] | [`account_store_conformance!`](crate::account_store_conformance) |
//!
//! Every case uses only the trait, on a backend of its own. No case measures time: `now`
//! is an argument, and the cases for limiters move a [`ManualClock`](crate::ManualClock).
//! Cases that wait for a delivery fail after a bound of at least a minute.
//! A case reports a broken law by panicking.
//!
//! Random cases run with the same four seeds everywhere, and with a new seed each time.
//! `VOTIFY_CONFORMANCE_CASES` sets their number. Defaults to 64 over the fixed seeds, plus
//! 16 for the new one. `VOTIFY_CONFORMANCE_SEED` runs only the given seed. The suite
//! shrinks a failing input and prints the result.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a case reports a broken law by panicking, as tests do"
)]

pub mod accounts;
pub mod broadcaster;
mod case;
mod cases;
mod fixture;
mod forward_store;
pub mod invites;
pub mod limiter;
pub mod queue;
mod run;
mod run_concurrently;
mod seeds;
mod sequence;
pub mod store;

pub use case::{
    ACCOUNT_STORE_CASES, BROADCASTER_CASES, Case, INVITE_CASES, LIMITER_CASES, QUEUE_CASES,
    STORE_CASES,
};
pub use fixture::{
    AccountStoreFixture, BroadcasterFixture, Fixture, LimiterFixture, QueueFixture, QueueInstance,
    StoreFixture,
};
pub use forward_store::ForwardStore;
pub use run::{
    check_account_store, check_broadcaster, check_invites, check_limiter, check_queue, check_store,
};
