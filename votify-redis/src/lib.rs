#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod connect;
mod error;
mod url;

pub use connect::{Redis, RedisBuilder};
pub use error::ConnectError;

pub use redis;
