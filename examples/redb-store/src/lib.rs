//! A store for [redb](https://docs.rs/redb), an embedded database: an example of a custom
//! store.
//!
//! `docs/writing-a-backend.md` explains it step by step. The test of this crate runs the
//! conformance suite. redb allows one write transaction at a time, so a write transaction
//! also is the lock of a poll.

mod rows;
mod store;

pub use store::RedbStore;
