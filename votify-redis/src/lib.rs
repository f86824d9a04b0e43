#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod broadcaster;
mod connect;
mod error;
mod url;

pub use broadcaster::RedisBroadcaster;
pub use connect::{Redis, RedisBuilder};
pub use error::ConnectError;

pub use redis;
