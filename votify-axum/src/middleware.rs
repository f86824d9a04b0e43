//! The middleware around all routes.

pub(crate) mod host;
pub(crate) mod origin;
pub(crate) mod outer_layer;
