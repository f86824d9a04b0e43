//! One stream per poll: a WebSocket on upgrade, else server-sent events.

mod command;
mod last_sent;
mod message;
mod queued_votes;
mod sse;
mod ticker;
mod viewer;
mod wake_flag;
mod ws;

use std::time::Duration;

use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::Response;
use votify_core::SessionId;
use votify_core::tally::ViewPosition;

use self::last_sent::LastSent;
use self::ticker::Ticker;
use self::viewer::Viewer;
use self::ws::Upgrade;
use crate::error::{ErrorCode, Problem, error_responses};
use crate::extract::invite;
use crate::extract::path::PollPath;
use crate::extract::permitted::{Permitted, Watch};
use crate::extract::query::QueryReader;
use crate::middleware::origin::check_origin;
use crate::state::AppState;

/// `Retry-After` for an address that holds too many streams.
const STREAM_LIMIT_RETRY_AFTER: Duration = Duration::from_secs(10);

error_responses!(StreamErrors:
    MalformedId, NotLoggedIn, InvalidLogin, NotAllowed, OriginNotAllowed, PollNotFound,
    InvalidQuery, UpgradeRequired, RateLimited, StoreUnavailable, Overloaded, Internal);

/// Streams a poll.
///
/// The stream is a WebSocket if the request asks for an upgrade, else server-sent events.
/// Messages are JSON with a `type`: `poll_updated` (always the first), `poll_closed`,
/// `poll_changed`, `poll_deleted`, with `events=votes` also `vote_submitted`, and with
/// `heartbeat=1` a `heartbeat` every 20 s. The `id` of an event is a position to resume
/// from. Over a WebSocket, clients may send
/// `{"type": "refresh"}`, and `{"type": "vote", "request_id": …}` with the fields of a vote.
/// The response to a request without a session starts one.
#[utoipa::path(
    get,
    path = "/api/polls/{id}/stream",
    tag = "streams",
    params(
        ("id" = Uuid, Path, description = "The poll"),
        ("after" = Option<String>, Query, description = "A position. No older state is sent"),
        ("events" = Option<String>, Query, description = "`votes`: also send single votes, while counts are shown"),
        ("heartbeat" = Option<String>, Query, description = "`1`: also send a `heartbeat` every 20 s. After two missed ones, the connection is dead"),
        ("invite" = Option<String>, Query, description = "The voter's invite code, if `voters` is `invite`: for votes over a WebSocket, and for counts that only voters see"),
        ("Last-Event-ID" = Option<String>, Header, description = "Same as `after`. Takes precedence over it"),
    ),
    responses(
        (status = 101, description = "A WebSocket"),
        (status = 200, body = String, content_type = "text/event-stream", description = "Server-sent events"),
        StreamErrors,
    )
)]
pub(crate) async fn stream(
    State(state): State<AppState>,
    PollPath(poll): PollPath,
    OriginalUri(uri): OriginalUri,
    Permitted(mut caller, ..): Permitted<Watch>,
    mut parts: Parts,
    mut query: QueryReader,
) -> Result<Response, Problem> {
    let mut upgrade = None;
    if Upgrade::is_requested(&parts.headers) {
        check_origin(&parts.headers, &uri, &state.config)?;
        upgrade = Upgrade::of(&mut parts)?;
    } else {
        caller.ensure_own_request()?;
        state.config.hints.check_upgrade(&parts.headers);
    }
    let after = query.parse("after", "must be a position of a stream");
    let wants_votes = query.keyword("events", &[("votes", true)]).unwrap_or(false);
    let wants_heartbeats = query.keyword("heartbeat", &[("1", true)]).unwrap_or(false);
    // The caller's extractor has already read this parameter.
    let _ = query.take(invite::PARAMETER);
    let after = query.finish(last_event_id(&parts.headers).or(after))?;
    let permit = state
        .streams
        .acquire(caller.address_block())
        .ok_or_else(|| {
            Problem::new(ErrorCode::RateLimited)
                .with_detail("this address holds the maximum number of streams")
                .with_retry_after(STREAM_LIMIT_RETRY_AFTER)
        })?;
    // If the session rate is exceeded, the caller can watch, but not vote over a WebSocket.
    if caller.session.is_none() {
        // The session starts before the watch, which shows counts to it once it has voted.
        // Only this response can set the cookie. Without it, a vote over a WebSocket would
        // belong to a session that the browser does not store.
        state.engine.definition(poll).await?;
        let _ = caller.begin_session(SessionId::random(), &state).await;
    } else {
        let _ = caller.count_session(&state).await;
    }
    let watch = state.engine.watch(poll, &caller.to_caller(), after).await?;
    let keeps_request = caller.is_logged_in() || state.config.authorize.checks_votes();
    let heartbeat = match wants_heartbeats {
        true => Ticker::listen(&state.heartbeats),
        false => Ticker::default(),
    };
    let viewer = Viewer {
        state,
        request: keeps_request.then(|| Box::new(parts)),
        caller,
        poll,
        watch,
        wants_votes,
        heartbeat,
        last_sent: LastSent::default(),
        has_pending_change: false,
        queued_votes: queued_votes::QueuedVotes::default(),
        deleted: false,
        _permit: permit,
    };
    Ok(match upgrade {
        Some(upgrade) => ws::respond(upgrade, viewer),
        None => sse::respond(viewer),
    })
}

/// Returns the last position that a browser received before it lost its stream. Other
/// values are ignored.
fn last_event_id(headers: &HeaderMap) -> Option<ViewPosition> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}
