//! The reference implementations: everything in this process, nothing kept when it ends.

mod accounts;
mod broadcaster;
mod limiter;
mod store;

pub use accounts::MemoryAccountStore;
pub use broadcaster::MemoryBroadcaster;
pub use limiter::MemoryRateLimiter;
pub use store::MemoryStore;
