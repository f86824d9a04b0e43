//! Users, and tokens that were logged out: beside the polls, on the same connections.

mod dialect;
mod rows;
mod store;

pub(crate) use dialect::{AccountDialect, AccountWork};
pub(crate) use rows::{bind_revocation, bind_user, tokens, user};
