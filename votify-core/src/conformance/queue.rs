//! The cases for queues, one module per family of laws.

mod harness;

pub mod consuming;
pub mod producing;
pub mod sharing;
