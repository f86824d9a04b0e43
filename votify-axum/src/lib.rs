#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "accounts")]
mod accounts;
mod authorize;
mod claims;
mod config;
mod creation;
#[cfg(feature = "docs")]
mod docs;
mod dto;
mod error;
mod extract;
mod health;
mod identity;
mod join;
mod keep_alive;
mod metrics;
mod middleware;
mod openapi;
mod own_state;
mod rate_limit;
mod readiness;
mod response_memory;
mod router;
mod routes;
mod setup_hints;
mod state;
#[cfg(feature = "ui")]
mod ui;
mod voter_tag;
mod voting;

#[cfg(feature = "accounts")]
pub use accounts::{Accounts, InvalidHashing, PasswordHashing};
pub use authorize::{Action, Authorize, Creators, Denied, Permissions};
pub use config::StreamTiming;
pub use error::Problem;
pub use extract::address::{ClientAddressHeader, InvalidHeaderName};
pub use identity::{Identity, IdentityError};
#[cfg(feature = "jwks")]
pub use identity::{JwksError, JwksIdentity};
pub use ipnet::IpNet;
pub use middleware::host::{AllowedHost, InvalidHost};
pub use middleware::origin::{InvalidOrigin, Origin};
pub use middleware::public_url::{InvalidPublicUrl, PublicUrl};
pub use readiness::ReadinessCheck;
pub use router::{RouteGroup, VotifyRouter, router};
#[cfg(feature = "ui")]
pub use ui::{Color, InvalidColor, InvalidTheme, Theme, ThemeColors};
