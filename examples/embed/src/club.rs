//! The existing app. Only `identity` depends on Votify.

mod identity;
mod members;
mod routes;

pub(crate) use identity::MemberIdentity;
pub(crate) use members::create_tables;
pub use members::{Member, join};
pub(crate) use routes::routes;
