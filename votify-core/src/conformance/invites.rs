//! The cases for invite stores.

pub mod inviting;
pub mod parting;
mod scene;
