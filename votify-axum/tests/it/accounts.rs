//! Accounts that Votify stores itself.

mod attacks;
mod claims;
pub mod harness;
mod login;
mod logout;
pub mod password;
mod polls;
mod rate_limits;
mod roles;
