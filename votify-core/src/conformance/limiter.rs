//! The cases for rate limiters.

pub mod rates;
