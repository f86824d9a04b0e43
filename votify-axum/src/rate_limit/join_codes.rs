//! The limit of wrong join codes, so that nobody finds polls by trying codes.

use super::{RateLimitHeaders, address_key};
use crate::error::Problem;
use crate::extract::caller::RequestCaller;
use crate::state::AppState;

/// What is counted, as in "at most 100 …".
const WRONG_CODES: &str = "wrong join codes from one network address";

/// The setting, for the detail of a refusal.
const ADVICE: &str = "wait, or ask the operator to raise the setting --join-rate";

/// Counts a wrong code toward the limit of the address. Returns the headers about the rest.
///
/// # Errors
/// - `rate_limited`: the address has sent too many wrong codes; retry after `retry_after`.
pub(crate) async fn acquire_wrong_code(
    state: &AppState,
    caller: &RequestCaller,
) -> Result<Option<RateLimitHeaders>, Problem> {
    let key = || address_key(state.engine.keyring(), "join-code", caller.address_block());
    let acquired = state
        .limiter
        .acquire(WRONG_CODES, key, state.config.join_rate);
    acquired
        .await
        .map_err(|problem| problem.with_advice(ADVICE))
}

/// Checks that an address with a right code has not reached the limit of wrong ones.
/// Otherwise a client that sends many codes at the same time would find the right one.
///
/// # Errors
/// - `rate_limited`: the address has sent too many wrong codes; retry after `retry_after`.
pub(crate) async fn check_right_code(
    state: &AppState,
    caller: &RequestCaller,
) -> Result<(), Problem> {
    let key = || address_key(state.engine.keyring(), "join-code", caller.address_block());
    if state
        .limiter
        .is_exhausted(key, state.config.join_rate)
        .await
    {
        acquire_wrong_code(state, caller).await?;
    }
    Ok(())
}
