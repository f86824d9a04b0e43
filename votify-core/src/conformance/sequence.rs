//! Random sequences of operations, and a small model of what they do.

mod edit;
mod model;
mod operation;
mod run;

pub(crate) use operation::{Made, Operation, operations, vote};
pub(crate) use run::Run;
