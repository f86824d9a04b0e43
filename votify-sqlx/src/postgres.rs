//! Postgres.

mod broadcaster;

pub use broadcaster::PostgresBroadcaster;
