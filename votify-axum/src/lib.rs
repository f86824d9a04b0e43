#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "accounts")]
mod accounts;
mod address;
mod caller;
mod config;
#[cfg(feature = "docs")]
mod docs;
mod dto;
mod edge;
mod fields;
mod health;
mod identity;
mod invite;
mod invites;
mod json;
mod limits;
mod metrics;
mod mount;
mod openapi;
mod origin;
mod path;
mod polls;
mod problem;
mod query;
mod readiness;
mod router;
mod session;
mod shared;
mod stream;
#[cfg(feature = "ui")]
mod ui;
mod votes;

#[cfg(feature = "accounts")]
pub use accounts::{Accounts, InvalidHashing, PasswordHashing};
pub use config::StreamTiming;
pub use identity::{Identity, IdentityError};
#[cfg(feature = "jwks")]
pub use identity::{JwksError, JwksIdentity};
pub use ipnet::IpNet;
pub use origin::{InvalidOrigin, Origin, PublicUrl};
pub use readiness::ReadinessCheck;
pub use router::{VotifyRouter, router};
