//! The middleware around all routes.

pub(crate) mod cors;
pub(crate) mod framing;
pub(crate) mod host;
pub(crate) mod origin;
pub(crate) mod outer_layer;
pub(crate) mod public_url;
pub(crate) mod unread_body;
