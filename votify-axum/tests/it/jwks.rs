//! Users of an external issuer that publishes its keys over HTTP.

mod acceptance;
mod attacks;
#[cfg(feature = "accounts")]
mod beside_accounts;
mod issuer;
mod rotation;
