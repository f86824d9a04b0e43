//! The cases for stores, one module per family of laws.

mod paper;
mod scene;
mod together;

pub mod batches;
pub mod casting;
pub mod closing;
pub mod positions;
pub mod races;
pub mod replays;
