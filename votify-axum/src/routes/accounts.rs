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

#[cfg(feature = "ui")]
pub(crate) use credentials::CredentialsInput;
#[cfg(feature = "ui")]
pub(crate) use login::check_credentials;
pub(crate) use login::{__path_login, login};
pub(crate) use logout::{__path_logout, logout};
#[cfg(feature = "ui")]
pub(crate) use logout::{clear_cookies, revoke_all};
pub(crate) use me::{__path_me, me};
#[cfg(feature = "ui")]
pub(crate) use new_login::NewLogin;
pub(crate) use password::{__path_password, password};
#[cfg(feature = "ui")]
pub(crate) use password::{CURRENT_PASSWORD, NEW_PASSWORD, PasswordInput, change_password};
#[cfg(feature = "ui")]
pub(crate) use register::register_user;
pub(crate) use register::{__path_register, register};
