#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod cached;
mod connect;
mod error;
mod url;

pub use cached::{CacheConfig, CachedStore};
pub use connect::{Redis, RedisBuilder};
pub use error::ConnectError;

pub use redis;
