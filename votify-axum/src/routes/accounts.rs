//! Registering, logging in and out, and changing the password.

mod credentials;
mod login;
mod logout;
mod me;
mod new_login;
mod password;
mod rate_limits;
mod register;
mod responses;

pub(crate) use login::{__path_login, login};
pub(crate) use logout::{__path_logout, logout};
pub(crate) use me::{__path_me, me};
pub(crate) use password::{__path_password, password};
pub(crate) use register::{__path_register, register};
