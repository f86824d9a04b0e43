//! Accounts that Votify stores itself.

mod attacks;
pub mod harness;
mod login;
mod logout;
mod polls;
mod rate_limits;
mod roles;
