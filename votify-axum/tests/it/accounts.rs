//! Accounts that Votify stores itself.

mod attacks;
mod claims;
pub mod harness;
mod login;
mod logout;
mod polls;
mod rate_limits;
mod roles;
