//! The rate limits of callers, the limits of creating, the limit of wrong join codes, and
//! the limit of streams per address.

pub(crate) mod creation;
pub(crate) mod join_codes;
mod streams;

pub(crate) use streams::{StreamLimiter, StreamPermit};

use std::net::IpAddr;
use std::sync::Arc;

use votify_core::backend::LogThrottle;
use votify_core::limit::{LimitError, LimitKey};
use votify_core::secret::Purpose;
use votify_core::{Clock, Keyring, MemoryRateLimiter, Rate, RateLimiter};

use crate::error::{ErrorCode, Problem, RateLimitHeaders};
use crate::extract::caller::RequestCaller;
use crate::state::AppState;

/// The advice to a client whose requests count by address.
const BEGIN_SESSION: &str = "to have a limit of its own, a client begins a session: read the poll \
    (GET /api/polls/{id}), keep the cookie of the answer and send it with each request (in a \
    browser with credentials: \"include\")";

/// The cost of an attempt under a rate that counts attempts.
const ATTEMPT: u32 = 1;

/// A [`RateLimiter`] whose failure lets requests pass, except creations.
#[derive(Debug)]
pub(crate) struct RequestLimiter {
    limiter: Arc<dyn RateLimiter>,
    /// Counts creations while `limiter` is unavailable.
    fallback: MemoryRateLimiter,
    failures: LogThrottle,
}

impl RequestLimiter {
    pub(crate) fn new(limiter: Arc<dyn RateLimiter>, clock: Arc<dyn Clock>) -> Self {
        Self {
            limiter,
            fallback: MemoryRateLimiter::new().with_clock(clock),
            failures: LogThrottle::default(),
        }
    }

    pub(crate) fn backend(&self) -> &'static str {
        self.limiter.backend()
    }

    /// Acquires one attempt of a rate and returns the headers about the rest.
    ///
    /// Returns `None` if there is no rate or the limiter is unavailable. `key` is
    /// computed only if there is a rate, because it costs a MAC. `unit` is what is counted,
    /// as in "at most 10 …".
    ///
    /// # Errors
    /// - `rate_limited`: the rate is exceeded; the caller may retry after `retry_after`.
    pub(crate) async fn acquire(
        &self,
        unit: &'static str,
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
                self.log_failure(&error);
                return Ok(None);
            }
        };
        self.log_success();
        let rate_limit = RateLimitHeaders::new(&rate, &decision);
        if decision.granted {
            return Ok(Some(rate_limit));
        }
        let (limit, period) = (rate.limit(), period_text(&rate));
        Err(Problem::new(ErrorCode::RateLimited)
            .with_retry_after(decision.retry_after)
            .with_rate_limit(rate_limit)
            .with_detail(format!(
                "at most {limit} {unit} are accepted within {period}"
            )))
    }

    /// Returns true if no attempt of the rate is left. Takes none.
    ///
    /// Returns false if there is no rate or the limiter is unavailable.
    pub(crate) async fn is_exhausted(
        &self,
        key: impl FnOnce() -> Option<LimitKey>,
        rate: Option<Rate>,
    ) -> bool {
        let Some((rate, key)) = rate.and_then(|rate| Some((rate, key()?))) else {
            return false;
        };
        let decision = self.limiter.acquire(&key, &rate, 0).await;
        decision.is_ok_and(|decision| decision.remaining < ATTEMPT)
    }

    fn log_failure(&self, error: &LimitError) {
        if let Some(attempts) = self.failures.record_failure() {
            let error: &dyn std::error::Error = error;
            tracing::warn!(
                attempts,
                error,
                "rate limiter unavailable: this instance counts new polls and invites by itself, \
                 and other requests are not limited"
            );
        }
    }

    fn log_success(&self) {
        if self.failures.record_success() {
            tracing::info!("rate limiter available again, requests are limited");
        }
    }

    /// Returns true if the limiter responds.
    pub(crate) async fn is_ready(&self, rate: &Rate) -> bool {
        // No caller has this key.
        let key = LimitKey::from_bytes([0; 16]);
        self.limiter.acquire(&key, rate, ATTEMPT).await.is_ok()
    }
}

/// Returns the period of a rate for the detail of a refusal.
fn period_text(rate: &Rate) -> String {
    match rate.period().as_secs() {
        86_400 => "24 hours".to_owned(),
        3_600 => "an hour".to_owned(),
        seconds => format!("{seconds} s"),
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

/// A kind of requests under the vote rate, counted apart from the other kinds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VoteRate {
    /// The scope of the keys of sessions.
    pub(crate) session_scope: &'static str,
    /// The scope of the keys of addresses, for callers without a session.
    pub(crate) address_scope: &'static str,
    /// What is counted of a session, as in "at most 10 …".
    pub(crate) session_unit: &'static str,
    /// What is counted of an address.
    pub(crate) address_unit: &'static str,
}

impl VoteRate {
    /// Acquires one attempt of the session, or of the address for callers without one.
    /// Returns the headers about the rest. Counts the session if it was not counted yet.
    /// Otherwise sessions would cost nothing.
    ///
    /// # Errors
    /// - `rate_limited`: the rate is exceeded; the caller may retry after `retry_after`. The
    ///   detail for a caller without a session says how to begin one.
    pub(crate) async fn acquire(
        self,
        state: &AppState,
        caller: &mut RequestCaller,
    ) -> Result<Option<RateLimitHeaders>, Problem> {
        let keyring = state.engine.keyring();
        let rate = state.config.vote_rate;
        let Some(session) = caller.limited_session() else {
            let key = || address_key(keyring, self.address_scope, caller.address_block());
            let acquired = state.limiter.acquire(self.address_unit, key, rate).await;
            return acquired.map_err(|problem| problem.with_advice(BEGIN_SESSION));
        };
        caller.count_session(state).await?;
        let scope = self.session_scope.as_bytes();
        let key = || limit_key(keyring, &[scope, session.id.as_bytes()]);
        state.limiter.acquire(self.session_unit, key, rate).await
    }
}

/// Returns the key of `parts`: a MAC, so that the limiter's backend stores no addresses.
pub(crate) fn limit_key(keyring: &Keyring, parts: &[&[u8]]) -> Option<LimitKey> {
    let mac = keyring.mac(keyring.current(), Purpose::Limit, parts)?;
    Some(LimitKey::from_mac(&mac))
}
