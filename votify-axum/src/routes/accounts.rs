//! Registering, logging in and out.

mod credentials;
mod login;
mod logout;
mod me;
mod rate_limits;
mod register;
mod responses;

pub(crate) use login::{__path_login, login};
pub(crate) use logout::{__path_logout, logout};
pub(crate) use me::{__path_me, me};
pub(crate) use register::{__path_register, register};
