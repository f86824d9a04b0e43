#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod broadcaster;
pub mod cached;
mod connect;
mod durability;
mod error;
mod limiter;
mod queue;
mod script;
mod store;
mod url;

pub use broadcaster::RedisBroadcaster;
pub use cached::{CacheConfig, CachedStore};
pub use connect::{Redis, RedisBuilder};
pub use error::{ConnectError, ErrorSource};
pub use limiter::RedisRateLimiter;
pub use queue::{RedisQueue, RedisQueueConfig, RedisQueueConsumer};
pub use store::RedisStore;

pub use redis;
