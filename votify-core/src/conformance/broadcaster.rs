//! The cases for broadcasters.

mod listener;
mod news;

pub mod delivery;
pub mod listeners;
