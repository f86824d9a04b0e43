//! The cases for broadcasters.

mod subscriber;
mod updates;

pub mod delivery;
pub mod subscribers;
