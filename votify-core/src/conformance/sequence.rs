//! Random sequences of operations, and a model that predicts their results.

mod edit;
mod filters;
mod model_poll;
mod model_store;
mod operation;
mod run;

pub(crate) use operation::{Operation, PollSpec, operations, vote};
pub(crate) use run::Run;
