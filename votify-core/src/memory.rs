//! In-memory backends: complete implementations of every trait, whose data is lost with
//! the process.

mod accounts;
mod broadcaster;
mod limiter;
mod queue;
mod store;

pub use accounts::MemoryAccountStore;
pub use broadcaster::MemoryBroadcaster;
pub use limiter::MemoryRateLimiter;
pub use queue::{MemoryQueue, MemoryQueueConsumer};
pub use store::MemoryStore;
