//! Stores around stores, and what they are made of.

mod deadline;
mod shared_loads;

pub use deadline::Deadline;
pub use shared_loads::SharedLoads;
