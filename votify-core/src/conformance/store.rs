//! The cases for stores, one module per family of laws.

pub(crate) mod builders;
mod change_builders;
pub(crate) mod harness;

pub mod batches;
pub mod casting;
pub mod changes;
pub mod claims;
pub mod closing;
pub mod concurrency;
pub mod deleting;
pub mod durability;
pub mod filters;
pub mod freezing;
pub mod host_fields;
pub mod join_codes;
pub mod lists;
pub mod multi_instance;
pub mod opening;
pub mod orders;
pub mod polls;
pub mod positions;
pub mod queued;
pub mod quotas;
pub mod reading;
pub mod replays;
pub mod sealing;
pub mod sequences;
pub mod texts;
pub mod unused_polls;
