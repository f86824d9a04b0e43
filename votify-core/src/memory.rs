//! In-memory backends: complete implementations of every trait, whose data is lost with
//! the process.

mod accounts;
mod broadcaster;
mod limiter;
mod store;

pub use accounts::MemoryAccountStore;
pub use broadcaster::MemoryBroadcaster;
pub use limiter::MemoryRateLimiter;
pub use store::MemoryStore;
