//! Accounts of Votify's own: the service behind registration and login.

mod auth_service;
pub(crate) mod cookie;
mod error;
mod hashing;
mod password_workers;
mod revocation_cache;
mod settings;
mod token;

pub use hashing::{InvalidHashing, PasswordHashing};
pub use settings::Accounts;

pub(crate) use auth_service::AuthService;
pub(crate) use password_workers::HashingStats;
pub(crate) use token::Login;
