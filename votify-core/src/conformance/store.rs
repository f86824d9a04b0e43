//! The cases for stores, one module per family of laws.

pub(crate) mod paper;
pub(crate) mod scene;
mod wishes;

pub mod batches;
pub mod casting;
pub mod changes;
pub mod closing;
pub mod deleting;
pub mod filters;
pub mod freezing;
pub mod handles;
pub mod lasting;
pub mod orders;
pub mod polls;
pub mod positions;
pub mod quotas;
pub mod races;
pub mod reading;
pub mod replays;
pub mod sequences;
