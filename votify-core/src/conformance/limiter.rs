//! The cases for rate limiters.

pub mod clock;
pub mod costs;
mod harness;
pub mod rates;
