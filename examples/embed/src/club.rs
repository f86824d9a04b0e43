//! The club itself, which knows nothing of polls but for one trait.

mod identity;
mod members;
mod routes;

pub(crate) use identity::Members;
pub(crate) use members::make_tables;
pub use members::{Member, join};
pub(crate) use routes::routes;
