#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod connect;
mod durability;
mod error;
mod store;
mod url;

pub use connect::{Redis, RedisBuilder};
pub use durability::Durability;
pub use error::ConnectError;
pub use store::RedisStore;

pub use redis;
