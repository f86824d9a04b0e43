//! Users of an external issuer that publishes its keys over HTTP.

mod acceptance;
mod attacks;
mod issuer;
mod rotation;
