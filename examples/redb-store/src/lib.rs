//! Votify on [redb](https://docs.rs/redb), an embedded database: what a store of your own looks like.
//!
//! `docs/writing-a-backend.md` walks through it. It keeps every law (its test runs the conformance suite), with the
//! simplest means: redb lets one writer in at a time, so a write transaction *is* the poll's lock.

mod rows;
mod store;

pub use store::RedbStore;
