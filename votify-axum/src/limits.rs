//! How often one caller may vote or get a new session, and how many streams an address may hold.

mod slots;

pub(crate) use slots::{Slot, Slots};

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use votify_core::limit::{LimitKey, Permit};
use votify_core::secret::Purpose;
use votify_core::{Quota, SessionId};

use crate::caller::RequestCaller;
use crate::problem::{Code, Problem};
use crate::shared::Shared;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Where a caller stands with its quota, for the `RateLimit-*` headers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RateLimit {
    limit: u16,
    remaining: u32,
    reset_seconds: u64,
}

impl RateLimit {
    fn new(quota: &Quota, permit: &Permit) -> Self {
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

/// Takes one attempt to vote: of the session's quota for those who prove one, else of the address's.
pub(crate) async fn vote_attempt(
    shared: &Shared,
    caller: &RequestCaller,
) -> Result<Option<RateLimit>, Problem> {
    let key = || match caller.session {
        Some(session) => session_key(shared, session.id),
        None => address_key(shared, "vote-address", caller.address_block()),
    };
    acquire(shared, key, shared.config.vote_quota).await
}

/// Takes one making of invites: as many as attempts to vote, and apart from them.
pub(crate) async fn invite_attempt(
    shared: &Shared,
    caller: &RequestCaller,
) -> Result<Option<RateLimit>, Problem> {
    let key = || match caller.session {
        Some(session) => tag(shared, &[b"invite-session", session.id.as_bytes()]),
        None => address_key(shared, "invite-address", caller.address_block()),
    };
    acquire(shared, key, shared.config.vote_quota).await
}

/// Takes one new session of the address's quota.
pub(crate) async fn new_session(shared: &Shared, caller: &RequestCaller) -> Result<(), Problem> {
    let key = || address_key(shared, "new-session", caller.address_block());
    acquire(shared, key, shared.config.session_quota)
        .await
        .map(|_| ())
}

/// Whether the limiter answers; `None` where it is not asked anyway.
pub(crate) async fn limiter_answers(shared: &Shared) -> Option<bool> {
    let quota = shared.config.vote_quota.or(shared.config.session_quota)?;
    // The tag of no caller.
    let key = LimitKey::from_bytes([0; 16]);
    let answer = shared
        .config
        .limiter
        .acquire(&key, &quota, shared.engine.now());
    Some(answer.await.is_ok())
}

/// Takes one attempt of a quota, if there is one; only then the key is made.
pub(crate) async fn acquire(
    shared: &Shared,
    key: impl FnOnce() -> Option<LimitKey>,
    quota: Option<Quota>,
) -> Result<Option<RateLimit>, Problem> {
    let Some((quota, key)) = quota.and_then(|quota| Some((quota, key()?))) else {
        return Ok(None);
    };
    let limiter = &shared.config.limiter;
    let permit = match limiter.acquire(&key, &quota, shared.engine.now()).await {
        Ok(permit) => permit,
        Err(error) => {
            // A limiter protects the polls from scripts; that it is away must not keep people from voting.
            if let Some(attempts) = shared.unlimited.record_failure() {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(attempts, error, "the limiter is away: not limiting");
            }
            return Ok(None);
        }
    };
    if shared.unlimited.record_success() {
        tracing::info!("limiting again");
    }
    let rate_limit = RateLimit::new(&quota, &permit);
    if permit.granted {
        return Ok(Some(rate_limit));
    }
    Err(Problem::new(Code::RateLimited)
        .with_retry_after(permit.retry_after)
        .with_rate_limit(rate_limit))
}

fn session_key(shared: &Shared, session: SessionId) -> Option<LimitKey> {
    tag(shared, &[b"vote-session", session.as_bytes()])
}

/// All callers whose address is not known share one key.
pub(crate) fn address_key(
    shared: &Shared,
    what: &str,
    address: Option<IpAddr>,
) -> Option<LimitKey> {
    match address {
        Some(IpAddr::V4(v4)) => tag(shared, &[what.as_bytes(), &v4.octets()]),
        Some(IpAddr::V6(v6)) => tag(shared, &[what.as_bytes(), &v6.octets()]),
        None => tag(shared, &[what.as_bytes()]),
    }
}

pub(crate) fn tag(shared: &Shared, parts: &[&[u8]]) -> Option<LimitKey> {
    let keyring = shared.engine.keyring();
    let tag = keyring.mac(keyring.current(), Purpose::Limit, parts)?;
    Some(LimitKey::from_mac(&tag))
}
