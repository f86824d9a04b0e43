//! The laws of [`Store`](crate::Store), [`InviteStore`](crate::InviteStore), [`Broadcaster`](crate::Broadcaster),
//! [`RateLimiter`](crate::RateLimiter) and [`AccountStore`](crate::AccountStore) as tests, for whoever writes a backend.
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
//! The others are [`InviteFixture`] with [`invite_conformance!`](crate::invite_conformance), [`BroadcasterFixture`] with
//! [`broadcaster_conformance!`](crate::broadcaster_conformance), [`LimiterFixture`] with
//! [`limiter_conformance!`](crate::limiter_conformance), and [`AccountStoreFixture`] with
//! [`account_store_conformance!`](crate::account_store_conformance).
//!
//! No case looks behind the trait, and each works on a backend of its own. None measures time: `now` is an argument, and
//! where something has to arrive a case waits for it, up to a bound that means "never". What a case finds wrong it tells
//! by panicking, as tests do.
//!
//! Random cases run on the same seeds everywhere, and on a new one each time; `VOTIFY_CONFORMANCE_CASES` says how many
//! (64 unless told otherwise), `VOTIFY_CONFORMANCE_SEED` runs one seed alone. What fails is made smaller and printed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a case that finds a law broken panics, as tests do"
)]

pub mod accounts;
pub mod broadcaster;
mod case;
mod fixture;
pub mod invites;
pub mod limiter;
mod list;
mod run;
mod seeds;
mod sequence;
pub mod store;
mod together;

pub use case::{
    ACCOUNT_STORE_CASES, BROADCASTER_CASES, Case, INVITE_CASES, LIMITER_CASES, STORE_CASES,
};
pub use fixture::{
    AccountStoreFixture, BroadcasterFixture, FreshAccountStore, FreshBroadcaster, FreshInvites,
    FreshLimiter, FreshStore, InviteFixture, InviteHandle, LimiterFixture, StoreFixture,
};
pub use run::{check_account_store, check_broadcaster, check_invites, check_limiter, check_store};
