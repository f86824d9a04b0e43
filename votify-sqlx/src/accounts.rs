//! Users, and tokens that were logged out: beside the polls, on the same connections.

pub(crate) mod dialect;
pub(crate) mod rows;
mod store;
