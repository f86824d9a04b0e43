//! The in-memory rate limiter keeps the laws.

use std::sync::Arc;

use votify_core::MemoryRateLimiter;
use votify_core::conformance::{FreshLimiter, LimiterFixture};

struct Memory;

#[async_trait::async_trait]
impl LimiterFixture for Memory {
    async fn fresh(&self) -> FreshLimiter {
        FreshLimiter::new(Arc::new(MemoryRateLimiter::new()))
    }
}

votify_core::limiter_conformance!(Memory);
