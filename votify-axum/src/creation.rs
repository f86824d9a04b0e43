//! Creates polls within the limits. The API and the pages share it.

use std::sync::Arc;

use serde_json::Value;
use votify_core::{EngineError, Owner, Poll, SessionId};

use crate::dto::{draft, poll};
use crate::error::{ErrorCode, Problem};
use crate::extract::caller::RequestCaller;
use crate::rate_limit::creation;
use crate::response_memory::Reservation;
use crate::routes::polls::capabilities;
use crate::state::AppState;

/// The result of an attempt that the limits allowed.
#[derive(Debug)]
pub(crate) struct CreationAttempt {
    pub(crate) result: Result<Arc<Poll>, EngineError>,
    /// Memory for a response with the poll.
    pub(crate) reserved: Reservation,
}

/// Creates a poll from the body of the API, if the limits allow it. Starts a session for a
/// caller without one, who becomes the owner.
///
/// # Errors
/// - `invalid_poll`: lists the invalid fields. Nothing was counted toward the limits.
/// - `rate_limited`, `overloaded`: retry after `retry_after`.
pub(crate) async fn create_within_limits(
    state: &AppState,
    caller: &mut RequestCaller,
    body: Value,
) -> Result<CreationAttempt, Problem> {
    let engine = &state.engine;
    let mut draft = draft::read(
        body,
        capabilities(state, caller),
        state.config.default_visibility,
        engine.now(),
        engine.keyring(),
    )
    .map_err(|errors| Problem::field_errors(ErrorCode::InvalidPoll, errors))?;
    let counts_session = !caller.has_counted_session() && !caller.is_logged_in();
    let new_session = counts_session.then(|| caller.session_id().unwrap_or_else(SessionId::random));
    draft.owner = match new_session {
        Some(session) => Some(Owner::Session(session)),
        None => caller.to_caller().as_owner(),
    };
    // An invalid poll does not count toward the limits, and a refused one starts no session.
    let poll = engine.check_draft(draft.clone())?;
    let reserved = state.reserve_response(poll::max_size(&poll), caller.address_block())?;
    creation::acquire_poll(state, caller, &poll, counts_session).await?;
    if let Some(session) = new_session {
        caller.start_counted_session(session);
    }
    Ok(CreationAttempt {
        result: engine.create_poll(draft).await,
        reserved,
    })
}
