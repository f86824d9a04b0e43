use axum::http::{HeaderMap, HeaderName, HeaderValue};
use votify_core::Quota;
use votify_core::limit::Permit;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// How much of a quota its caller has left, for the `RateLimit-*` headers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RateLimit {
    limit: u16,
    remaining: u32,
    reset_seconds: u64,
}

impl RateLimit {
    pub(crate) fn new(quota: &Quota, permit: &Permit) -> Self {
        let reset = permit.reset_after;
        Self {
            limit: quota.limit(),
            remaining: permit.remaining,
            reset_seconds: reset.as_secs() + u64::from(reset.subsec_nanos() > 0),
        }
    }

    pub(crate) fn write_to(self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, HeaderValue::from(self.limit));
        headers.insert(REMAINING, HeaderValue::from(self.remaining));
        headers.insert(RESET, HeaderValue::from(self.reset_seconds));
    }
}
