//! Stores around stores.

mod deadline;

pub use deadline::Deadline;
