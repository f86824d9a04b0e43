//! The rate limits of callers, and the limit of streams per address.

mod streams;

pub(crate) use streams::{StreamLimiter, StreamPermit};

use std::net::IpAddr;
use std::sync::Arc;

use votify_core::backend::LogThrottle;
use votify_core::limit::LimitKey;
use votify_core::secret::Purpose;
use votify_core::{Keyring, Rate, RateLimiter};

use crate::error::{ErrorCode, Problem, RateLimitHeaders};

/// The cost of an attempt under a rate that counts attempts.
const ATTEMPT: u32 = 1;

/// A [`RateLimiter`] whose failure lets requests pass.
#[derive(Debug)]
pub(crate) struct RequestLimiter {
    limiter: Arc<dyn RateLimiter>,
    failures: LogThrottle,
}

impl RequestLimiter {
    pub(crate) fn new(limiter: Arc<dyn RateLimiter>) -> Self {
        Self {
            limiter,
            failures: LogThrottle::default(),
        }
    }

    pub(crate) fn backend(&self) -> &'static str {
        self.limiter.backend()
    }

    /// Acquires one attempt of a rate and returns the headers about the rest.
    ///
    /// Returns `None` if there is no rate or the limiter is unavailable. `key` is
    /// computed only if there is a rate, because it costs a MAC.
    ///
    /// # Errors
    /// - `rate_limited`: the rate is exceeded; the caller may retry after `retry_after`.
    pub(crate) async fn acquire(
        &self,
        key: impl FnOnce() -> Option<LimitKey>,
        rate: Option<Rate>,
    ) -> Result<Option<RateLimitHeaders>, Problem> {
        let Some((rate, key)) = rate.and_then(|rate| Some((rate, key()?))) else {
            return Ok(None);
        };
        let decision = match self.limiter.acquire(&key, &rate, ATTEMPT).await {
            Ok(decision) => decision,
            Err(error) => {
                // A limiter protects polls from scripts. Its outage must not stop voters.
                if let Some(attempts) = self.failures.record_failure() {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(
                        attempts,
                        error,
                        "rate limiter unavailable, requests are not limited"
                    );
                }
                return Ok(None);
            }
        };
        if self.failures.record_success() {
            tracing::info!("rate limiter available again, requests are limited");
        }
        let rate_limit = RateLimitHeaders::new(&rate, &decision);
        if decision.granted {
            return Ok(Some(rate_limit));
        }
        Err(Problem::new(ErrorCode::RateLimited)
            .with_retry_after(decision.retry_after)
            .with_rate_limit(rate_limit))
    }

    /// Returns true if the limiter responds.
    pub(crate) async fn is_ready(&self, rate: &Rate) -> bool {
        // No caller has this key.
        let key = LimitKey::from_bytes([0; 16]);
        self.limiter.acquire(&key, rate, ATTEMPT).await.is_ok()
    }
}

/// Returns the key of an address in `scope`. All callers without a known address share
/// one.
pub(crate) fn address_key(
    keyring: &Keyring,
    scope: &str,
    address: Option<IpAddr>,
) -> Option<LimitKey> {
    match address {
        Some(IpAddr::V4(v4)) => limit_key(keyring, &[scope.as_bytes(), &v4.octets()]),
        Some(IpAddr::V6(v6)) => limit_key(keyring, &[scope.as_bytes(), &v6.octets()]),
        None => limit_key(keyring, &[scope.as_bytes()]),
    }
}

/// Returns the key of `parts`: a MAC, so that the limiter's backend stores no addresses.
pub(crate) fn limit_key(keyring: &Keyring, parts: &[&[u8]]) -> Option<LimitKey> {
    let mac = keyring.mac(keyring.current(), Purpose::Limit, parts)?;
    Some(LimitKey::from_mac(&mac))
}
