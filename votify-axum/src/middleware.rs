//! The middleware around all routes.

pub(crate) mod guard;
pub(crate) mod origin;
