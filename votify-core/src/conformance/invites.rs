//! The cases for invite stores.

pub mod cleanup;
mod harness;
pub mod inviting;
