//! The seam for rate limits, and their arithmetic.

mod error;
mod permit;
mod quota;

pub use error::LimitError;
pub use permit::{LimitKey, Permit};
pub use quota::{ParseQuotaError, Quota};

use std::fmt;

use async_trait::async_trait;

use crate::time::Timestamp;

/// Counts attempts per key.
///
/// # Laws
///
/// - In any stretch of the quota's period at most its limit of attempts is granted per key; keys do not affect each other.
/// - A refused attempt costs nothing.
/// - The arithmetic is [`SlidingWindow`]'s, on every backend.
/// - Concurrent attempts never get more than the limit together.
/// - Memory is bounded: a key unused for two periods is forgotten, and so many keys that they do not fit push out old ones.
#[async_trait]
pub trait RateLimiter: fmt::Debug + Send + Sync + 'static {
    /// A short name for logs and readiness: `local`, `redis`.
    fn backend(&self) -> &'static str;

    /// Takes one attempt of `key` if the quota has one left at `now`.
    ///
    /// A key is always used with one quota.
    ///
    /// # Errors
    /// If the limiter cannot be reached.
    async fn acquire(
        &self,
        key: &LimitKey,
        quota: &Quota,
        now: Timestamp,
    ) -> Result<Permit, LimitError>;
}
