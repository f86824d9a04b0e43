//! Private Redis servers, which a test may kill: one [`Server`], or a [`Cluster`] of
//! three.
//!
//! One Redis server is small: only tests that start a cluster need `private_server` in
//! their path.

mod certificates;
mod cluster;
mod config;
mod programs;
mod server;
mod shared;
mod url;

pub use cluster::Cluster;
pub use config::ServerConfig;
pub use programs::unavailable;
pub use server::Server;
pub use shared::{new_prefix, shared_url};
pub use url::Url;
