//! The limits of creating with limiters that are shared, unreachable or observed.

use std::sync::Arc;

use async_trait::async_trait;
use votify_axum::VotifyRouter;
use votify_core::limit::{LimitError, LimitKey, RateDecision};
use votify_core::{ManualClock, MemoryRateLimiter, MemoryStore, Rate, RateLimiter, SystemClock};

use super::{assert_limited, create, rate};
use crate::app::App;
use crate::browser::Browser;

#[tokio::test]
async fn instances_with_one_limiter_share_the_limits() {
    let clock = Arc::new(ManualClock::new(votify_core::Clock::now(&SystemClock)));
    let limiter = Arc::new(MemoryRateLimiter::new().with_clock(Arc::clone(&clock)));
    let store = Arc::new(MemoryStore::new());
    let instance = || {
        let set = |router: VotifyRouter| {
            let router = router.limiter(Arc::clone(&limiter));
            router.poll_rate(rate("4/1h")).owner_poll_rate(rate("2/1d"))
        };
        App::over(Arc::clone(&store), set)
    };
    let (one, other) = (instance(), instance());
    let mut owner = Browser::new(&one);
    create(&mut owner).await.expect_status(201);
    owner.app = other.clone();
    create(&mut owner).await.expect_status(201);
    owner.app = one.clone();
    let refused = create(&mut owner).await;
    let problem = refused.assert_problem(429, "rate_limited");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("owner-poll-rate")
    );
    for app in [&one, &other] {
        create(&mut Browser::new(app)).await.expect_status(201);
    }
    for app in [&one, &other] {
        assert_limited(&create(&mut Browser::new(app)).await, "poll-rate");
    }
}

/// A limiter that cannot be reached.
#[derive(Debug)]
struct Unreachable;

#[async_trait]
impl RateLimiter for Unreachable {
    fn backend(&self) -> &'static str {
        "unreachable"
    }

    async fn acquire(&self, _: &LimitKey, _: &Rate, _: u32) -> Result<RateDecision, LimitError> {
        Err(LimitError::unavailable("unreachable", "no connection"))
    }
}

#[tokio::test]
async fn without_its_limiter_an_instance_counts_by_itself() {
    let app = App::with(|router| router.limiter(Unreachable).poll_rate(rate("2/1h")));
    for _ in 0..2 {
        create(&mut Browser::new(&app)).await.expect_status(201);
    }
    let refused = create(&mut Browser::new(&app)).await;
    let wait = assert_limited(&refused, "poll-rate");
    app.clock.advance(wait);
    create(&mut Browser::new(&app)).await.expect_status(201);
}

/// Records the keys that it gets.
#[derive(Debug, Default)]
struct RecordedKeys {
    inner: MemoryRateLimiter,
    keys: std::sync::Mutex<Vec<[u8; 16]>>,
}

#[async_trait]
impl RateLimiter for RecordedKeys {
    fn backend(&self) -> &'static str {
        "recorded"
    }

    async fn acquire(
        &self,
        key: &LimitKey,
        rate: &Rate,
        cost: u32,
    ) -> Result<RateDecision, LimitError> {
        self.keys.lock().unwrap().push(*key.as_bytes());
        self.inner.acquire(key, rate, cost).await
    }
}

#[tokio::test]
async fn limiters_get_no_addresses() {
    let limiter = Arc::new(RecordedKeys::default());
    let app = App::with(|router| router.limiter(Arc::clone(&limiter)));
    create(&mut Browser::with_address(&app, "1.2.3.4"))
        .await
        .expect_status(201);
    let keys = limiter.keys.lock().unwrap().clone();
    assert!(!keys.is_empty());
    for key in keys {
        let has_address = key.windows(4).any(|bytes| bytes == [1, 2, 3, 4]);
        assert!(!has_address, "{key:?}");
    }
}
