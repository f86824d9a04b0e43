//! Finding a poll by its join code, for the API and the pages.

use votify_core::{JoinCode, PollId};

use crate::error::{ErrorCode, Problem};
use crate::extract::caller::RequestCaller;
use crate::rate_limit::join_codes::{acquire_wrong_code, check_right_code};
use crate::state::AppState;

/// Returns the poll that has the join code `text` now, in any case, with or without blanks
/// and hyphens.
///
/// A text that cannot be a code does not count as a wrong one: it says nothing about polls.
///
/// # Errors
/// - `origin_not_allowed`: a page of another site made the browser send the request.
/// - `poll_not_found`: no poll has this code, or the text is not a code.
/// - `rate_limited`: the address has sent too many wrong codes; retry after `retry_after`.
/// - `store_unavailable`: the store failed; retrying is safe.
pub(crate) async fn find_poll(
    state: &AppState,
    caller: &RequestCaller,
    text: &str,
) -> Result<PollId, Problem> {
    // Before the code is looked up: a response that depends on it would be a way to try codes.
    caller.ensure_own_request()?;
    let code: JoinCode = text.parse().map_err(|error| {
        Problem::new(ErrorCode::PollNotFound).with_detail(format!("a join code {error}"))
    })?;
    // The store is asked first. So the limit sees whether a code is right, and concurrent
    // attempts cannot all pass a check before the first of them is counted.
    if let Some(poll) = state.engine.poll_by_join_code(code).await? {
        check_right_code(state, caller).await?;
        return Ok(poll);
    }
    let rate_limit = acquire_wrong_code(state, caller).await?;
    let unknown = Problem::new(ErrorCode::PollNotFound).with_detail(format!(
        "no poll has the join code {code}; a poll loses its code 7 days after its close"
    ));
    Err(match rate_limit {
        Some(rate_limit) => unknown.with_rate_limit(rate_limit),
        None => unknown,
    })
}
