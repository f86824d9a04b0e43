//! Users of an outside issuer, whose keys come from a real HTTP server.

mod attacks;
mod issuer;
mod rotation;
mod taking;
