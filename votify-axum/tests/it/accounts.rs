//! Accounts of Votify's own.

mod attacks;
mod entering;
mod leaving;
mod limits;
mod polls;
mod roles;
pub mod scene;
