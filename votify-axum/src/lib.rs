#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

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

pub use config::StreamTiming;
pub use identity::{Identity, IdentityError};
pub use ipnet::IpNet;
pub use origin::{InvalidOrigin, Origin, PublicUrl};
pub use readiness::ReadinessCheck;
pub use router::{VotifyRouter, router};
