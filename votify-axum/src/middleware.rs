//! The middleware around all routes.

pub(crate) mod origin;
pub(crate) mod outer_layer;
