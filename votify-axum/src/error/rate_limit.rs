use axum::http::{HeaderMap, HeaderName, HeaderValue};
use votify_core::Rate;
use votify_core::limit::RateDecision;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// A caller's limit and remaining attempts, for the `RateLimit-*` headers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RateLimitHeaders {
    limit: u32,
    remaining: u32,
    reset_seconds: u64,
}

impl RateLimitHeaders {
    pub(crate) fn new(rate: &Rate, decision: &RateDecision) -> Self {
        let reset = decision.reset_after;
        Self {
            limit: rate.limit(),
            remaining: decision.remaining,
            reset_seconds: reset.as_secs() + u64::from(reset.subsec_nanos() > 0),
        }
    }

    pub(crate) fn write_to(self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, HeaderValue::from(self.limit));
        headers.insert(REMAINING, HeaderValue::from(self.remaining));
        headers.insert(RESET, HeaderValue::from(self.reset_seconds));
    }
}
