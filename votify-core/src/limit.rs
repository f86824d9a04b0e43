//! The rate limiter trait, rates and decisions.

mod decision;
mod rate;

pub use decision::{LimitKey, RateDecision};
pub use rate::{ParseRateError, Rate};

use std::error::Error;
use std::fmt;

use async_trait::async_trait;

use crate::store::Source;

/// A counter of attempts per key.
///
/// # Laws
///
/// - In any interval of a rate's period, the granted attempts of a key cost together at
///   most the limit. Keys are independent.
/// - A refused attempt takes nothing. An attempt whose cost is above the limit is always
///   refused.
/// - A limiter measures time with a clock of its own. It is monotonic, or the clock of
///   the server that counts. Adjusting the time of day of this process changes no
///   decision.
/// - Every backend computes with [`SlidingWindow`](crate::backend::SlidingWindow).
/// - Concurrent attempts together never exceed the limit.
/// - Memory is bounded. A key unused for two periods is removed, and new keys evict old
///   ones when the memory is full.
#[async_trait]
pub trait RateLimiter: fmt::Debug + Send + Sync + 'static {
    /// Returns a short name for logs and readiness, such as `local` or `redis`.
    fn backend(&self) -> &'static str;

    /// Grants an attempt of `key` if the rate's limit has `cost` left, and takes it.
    ///
    /// The cost of a vote is 1. An attempt without a cost takes nothing.
    ///
    /// Callers must always use a key with the same rate.
    ///
    /// # Errors
    /// - [`LimitError::Unavailable`]: the limiter cannot be reached; the attempt may have
    ///   taken its cost. The caller decides whether to let the attempt pass.
    async fn acquire(
        &self,
        key: &LimitKey,
        rate: &Rate,
        cost: u32,
    ) -> Result<RateDecision, LimitError>;
}

/// An error of a rate limiter.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// The limiter cannot be reached, or timed out.
    #[error("the {backend} rate limiter is unavailable")]
    Unavailable {
        /// The limiter's name.
        backend: &'static str,
        /// The cause.
        source: Source,
    },
}

impl LimitError {
    /// Creates an [`Unavailable`](Self::Unavailable).
    pub fn unavailable(
        backend: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Unavailable {
            backend,
            source: source.into().into(),
        }
    }

    /// Returns true if the same call may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        true
    }
}
