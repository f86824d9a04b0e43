//! The limits of creating polls and invite codes, so that no client fills the store.

use std::time::Duration;

use votify_core::limit::{LimitError, LimitKey, RateDecision};
use votify_core::poll::{Poll, PollOwner};
use votify_core::{Rate, RateLimiter};

use super::{RequestLimiter, address_key, limit_key, period_text};
use crate::error::{ErrorCode, Problem, RateLimitHeaders};
use crate::extract::caller::RequestCaller;
use crate::state::AppState;

/// The `Retry-After` of polls that are refused because browser sessions have too many.
/// Only deletions make room, so clients need not ask often.
const SESSION_POLLS_RETRY: Duration = Duration::from_secs(600);

/// The settings, described at the methods of
/// [`VotifyRouter`](crate::VotifyRouter). `None` is no limit.
#[derive(Debug, Clone)]
pub(crate) struct CreationLimits {
    pub(crate) poll_rate: Option<Rate>,
    pub(crate) poll_bytes_rate: Option<Rate>,
    pub(crate) owner_poll_rate: Option<Rate>,
    pub(crate) invite_rate: Option<Rate>,
    pub(crate) owner_invite_rate: Option<Rate>,
    pub(crate) session_polls: Option<u64>,
}

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

impl Default for CreationLimits {
    fn default() -> Self {
        // In range, so never `None`.
        let rate = |limit, period| Rate::new(limit, period).ok();
        Self {
            poll_rate: rate(60, HOUR),
            poll_bytes_rate: rate(2 << 20, HOUR),
            owner_poll_rate: rate(200, DAY),
            invite_rate: rate(40_000, DAY),
            owner_invite_rate: rate(20_000, DAY),
            session_polls: Some(100_000),
        }
    }
}

impl CreationLimits {
    /// Returns one of the rates, or `None` if there is none.
    pub(crate) fn first_rate(&self) -> Option<Rate> {
        let rates = [self.poll_rate, self.poll_bytes_rate, self.owner_poll_rate];
        let invites = [self.invite_rate, self.owner_invite_rate];
        rates.into_iter().chain(invites).flatten().next()
    }
}

/// Counts the creation of a valid poll toward its limits, and a new session if the caller
/// needs one.
///
/// # Errors
/// - `rate_limited`: a limit is reached; the detail names the setting. The attempt does
///   not count toward the other limits.
/// - `store_unavailable`: the polls of browser sessions cannot be counted; retry later.
pub(crate) async fn acquire_poll(
    state: &AppState,
    caller: &RequestCaller,
    poll: &Poll,
    counts_session: bool,
) -> Result<(), Problem> {
    let limits = &state.config.creation;
    if let Some(max) = limits.session_polls.filter(|_| poll.is_of_session())
        && state.engine.count_session_polls(max).await? >= max
    {
        return Err(session_polls_exceeded(max));
    }
    let by_address = |scope| address_key(state.engine.keyring(), scope, caller.address_block());
    let quotas = [
        Quota::new(
            "poll-rate",
            "polls from one network address",
            limits.poll_rate,
            1,
            || by_address("polls"),
        ),
        bytes_quota(state, caller, poll.text_bytes()),
        Quota::new(
            "owner-poll-rate",
            "polls of one owner",
            limits.owner_poll_rate,
            1,
            || owner_key(state, "owner-polls", poll.owner),
        ),
        Quota::new(
            "session-rate",
            "new sessions from one network address",
            state.config.session_rate.filter(|_| counts_session),
            1,
            || caller.new_session_key(state),
        ),
    ];
    state
        .limiter
        .acquire_all(&quotas.into_iter().flatten().collect::<Vec<_>>())
        .await
}

/// Counts the new texts of a changed poll toward the limit for the texts of new polls.
///
/// # Errors
/// - `rate_limited`: the limit is reached; the detail names the setting.
pub(crate) async fn acquire_change(
    state: &AppState,
    caller: &RequestCaller,
    text_bytes: usize,
) -> Result<(), Problem> {
    let quota = bytes_quota(state, caller, text_bytes).filter(|_| text_bytes > 0);
    state.limiter.acquire_all(quota.as_slice()).await
}

/// Counts new invite codes of a poll toward their limits.
///
/// # Errors
/// - `rate_limited`: a limit is reached; the detail names the setting. The codes do not
///   count toward the other limit.
pub(crate) async fn acquire_invites(
    state: &AppState,
    caller: &RequestCaller,
    poll: &Poll,
    count: u32,
) -> Result<(), Problem> {
    let limits = &state.config.creation;
    let quotas = [
        Quota::new(
            "invite-rate",
            "invite codes from one network address",
            limits.invite_rate,
            count,
            || address_key(state.engine.keyring(), "invites", caller.address_block()),
        ),
        Quota::new(
            "owner-invite-rate",
            "invite codes of one owner",
            limits.owner_invite_rate,
            count,
            || owner_key(state, "owner-invites", poll.owner),
        ),
    ];
    state
        .limiter
        .acquire_all(&quotas.into_iter().flatten().collect::<Vec<_>>())
        .await
}

fn bytes_quota(state: &AppState, caller: &RequestCaller, bytes: usize) -> Option<Quota> {
    Quota::new(
        "poll-bytes-rate",
        "bytes of polls from one network address",
        state.config.creation.poll_bytes_rate,
        u32::try_from(bytes).unwrap_or(u32::MAX),
        || address_key(state.engine.keyring(), "poll-bytes", caller.address_block()),
    )
}

/// Returns the key of an owner. `None` for the host, which has no limits.
fn owner_key(state: &AppState, scope: &str, owner: Option<PollOwner>) -> Option<LimitKey> {
    let owner = owner?.id;
    let parts: &[&[u8]] = &[scope.as_bytes(), owner.as_bytes()];
    limit_key(state.engine.keyring(), parts)
}

fn session_polls_exceeded(max: u64) -> Problem {
    Problem::new(ErrorCode::RateLimited)
        .with_retry_after(SESSION_POLLS_RETRY)
        .with_detail(format!(
            "browser sessions have {max} polls, the maximum of this server (setting \
             --session-polls): log in to create polls, delete polls that are no longer needed, or \
             ask the operator to raise the setting"
        ))
}

/// One limit that an attempt counts toward.
#[derive(Debug)]
pub(crate) struct Quota {
    /// The name of the server's setting.
    setting: &'static str,
    /// What is counted, as in "at most 60 …".
    unit: &'static str,
    key: LimitKey,
    rate: Rate,
    cost: u32,
}

impl Quota {
    fn new(
        setting: &'static str,
        unit: &'static str,
        rate: Option<Rate>,
        cost: u32,
        key: impl FnOnce() -> Option<LimitKey>,
    ) -> Option<Self> {
        Some(Self {
            setting,
            unit,
            rate: rate?,
            cost,
            key: key()?,
        })
    }

    fn exceeded(&self, decision: &RateDecision) -> Problem {
        let (limit, period) = (self.rate.limit(), period_text(&self.rate));
        let advice = if self.cost > limit {
            "send less at once"
        } else {
            "wait"
        };
        let need = match self.cost {
            1 => String::new(),
            cost => format!(", and this request needs {cost}"),
        };
        let Self { unit, setting, .. } = self;
        Problem::new(ErrorCode::RateLimited)
            .with_retry_after(decision.retry_after)
            .with_rate_limit(RateLimitHeaders::new(&self.rate, decision))
            .with_detail(format!(
                "at most {limit} {unit} are accepted within {period} (setting --{setting}){need}: \
                 {advice}, or ask the operator to raise the setting"
            ))
    }
}

impl RequestLimiter {
    /// Acquires the cost of every quota, or of none.
    ///
    /// All quotas are read first, so that a refused attempt counts toward none.
    /// Concurrent attempts may still count toward some. While the limiter is unavailable,
    /// this process counts by itself.
    ///
    /// # Errors
    /// - `rate_limited`: a quota is exhausted; the caller may retry after `retry_after`.
    pub(crate) async fn acquire_all(&self, quotas: &[Quota]) -> Result<(), Problem> {
        let refusal = match try_acquire_all(&*self.limiter, quotas).await {
            Ok(refusal) => {
                if !quotas.is_empty() {
                    self.log_success();
                }
                refusal
            }
            Err(error) => {
                self.log_failure(&error);
                // The limiter in memory does not fail.
                try_acquire_all(&self.fallback, quotas)
                    .await
                    .unwrap_or(None)
            }
        };
        refusal.map_or(Ok(()), Err)
    }
}

/// Returns the refusal of the first exhausted quota.
async fn try_acquire_all(
    limiter: &dyn RateLimiter,
    quotas: &[Quota],
) -> Result<Option<Problem>, LimitError> {
    // Exhausted quotas come first, so that they refuse before the others count the
    // attempt.
    let mut ordered = Vec::with_capacity(quotas.len());
    for quota in quotas {
        let is_exhausted = quotas.len() > 1 && {
            let state = limiter.acquire(&quota.key, &quota.rate, 0).await?;
            state.remaining < quota.cost
        };
        ordered.push((!is_exhausted, quota));
    }
    ordered.sort_by_key(|(has_rest, _)| *has_rest);
    for (_, quota) in ordered {
        let decision = limiter.acquire(&quota.key, &quota.rate, quota.cost).await?;
        if !decision.granted {
            return Ok(Some(quota.exceeded(&decision)));
        }
    }
    Ok(None)
}
