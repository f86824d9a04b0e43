//! The cases for stores, one module per family of laws.

mod paper;
mod scene;

pub mod casting;
pub mod closing;
