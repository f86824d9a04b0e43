//! Accounts for hosts that have none: who registers gets a token, and whoever shows it is that account.

mod answers;
mod cookie;
mod credentials;
mod desk;
mod hasher;
mod hashing;
mod login;
mod logout;
mod me;
mod problem;
mod quotas;
mod register;
mod revoked;
mod settings;
mod token;

pub use hashing::{InvalidHashing, PasswordHashing};
pub use settings::Accounts;

pub(crate) use cookie::name as cookie_name;
pub(crate) use desk::Desk;
pub(crate) use hasher::HashingStats;
pub(crate) use login::{__path_login, login};
pub(crate) use logout::{__path_logout, logout};
pub(crate) use me::{__path_me, me};
pub(crate) use register::{__path_register, register};
