//! One stream per poll: WebSocket on upgrade, else server-sent events.

mod bell;
mod command;
mod message;
mod pulse;
mod sse;
mod told;
mod ws;

pub(crate) use pulse::Pulse;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{OriginalUri, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use votify_core::engine::live::Watch;
use votify_core::tally::ViewPosition;
use votify_core::{PollId, SessionId};

use crate::caller::RequestCaller;
use crate::invite;
use crate::limits::Slot;
use crate::origin::check_origin;
use crate::path::PollPath;
use crate::problem::{Code, Problem, refusals};
use crate::query::QueryFields;
use crate::shared::Shared;
use crate::stream::told::Told;

refusals!(StreamRefusals:
    MalformedId, InvalidLogin, OriginNotAllowed, PollNotFound, InvalidQuery, RateLimited, StoreUnavailable, Overloaded,
    Internal);

/// One viewer of one poll.
struct Viewer {
    shared: Shared,
    caller: RequestCaller,
    /// What told that the caller is logged in, if it did.
    login: Option<Box<Parts>>,
    poll: PollId,
    watch: Watch,
    /// Whether single votes are told too.
    wants_votes: bool,
    /// How far a WebSocket has told: no state from before that is told any more.
    told: Told,
    /// Whether a change of the poll is still to be told, with the next state that is new enough.
    owes_change: bool,
    /// Whether the poll was deleted while it was watched.
    deleted: bool,
    _slot: Slot,
}

/// Watches a poll, as a WebSocket where the request asks for an upgrade, else as server-sent events.
///
/// Messages are JSON with a `type`: `poll_updated` (always the first), `poll_closed`, `poll_changed`, `poll_deleted`, and
/// with `events=votes` also `vote_submitted`. An event's `id` is a position to resume from. Over a WebSocket a client may
/// send `{"type": "vote", "request_id": …}` with the fields of a vote, and `{"type": "refresh"}`. A WebSocket's caller without a
/// session gets one with the answer.
#[utoipa::path(
    get,
    path = "/api/polls/{id}/stream",
    tag = "streams",
    params(
        ("id" = Uuid, Path, description = "The poll"),
        ("after" = Option<String>, Query, description = "A position: nothing older than that is told"),
        ("events" = Option<String>, Query, description = "`votes`: single votes are told too, where counts are shown"),
        ("invite" = Option<String>, Query, description = "The code of a voter, where `voters` is `invite`: for votes over a WebSocket, and for counts that show to who has voted"),
        ("Last-Event-ID" = Option<String>, Header, description = "As `after`, and before it"),
    ),
    responses(
        (status = 101, description = "A WebSocket"),
        (status = 200, body = String, content_type = "text/event-stream"),
        StreamRefusals,
    )
)]
pub(crate) async fn stream(
    State(shared): State<Shared>,
    PollPath(poll): PollPath,
    OriginalUri(uri): OriginalUri,
    mut caller: RequestCaller,
    parts: Parts,
    mut query: QueryFields,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let headers = &parts.headers;
    if asks_for_web_socket(headers) {
        let config = &shared.config;
        check_origin(
            headers,
            &uri,
            config.public_url.as_ref(),
            &config.allowed_origins,
        )?;
    }
    let after = query.parsed("after", "must be a position that a stream told");
    let wants_votes = query.word("events", &[("votes", true)]).unwrap_or(false);
    // The caller has it already.
    let _ = query.take(invite::PARAMETER);
    let after = query.finish(last_event_id(headers).or(after))?;
    let slot = shared.streams.take(caller.address_block()).ok_or_else(|| {
        Problem::new(Code::RateLimited)
            .with_detail("Your address holds as many streams as it may.")
            .with_retry_after(std::time::Duration::from_secs(10))
    })?;
    if upgrade.is_ok() && caller.session.is_none() {
        // No later answer could set a cookie, and a vote whose session nobody keeps could not be found again.
        shared.engine.definition(poll).await?;
        // Where the quota is used up one may watch all the same, but not vote.
        let _ = caller.begin_session(SessionId::random(), &shared).await;
    }
    let watch = shared.engine.watch(poll, &caller.voter(), after).await?;
    let viewer = Viewer {
        shared,
        login: caller.is_logged_in().then(|| Box::new(parts)),
        caller,
        poll,
        watch,
        wants_votes,
        told: Told::default(),
        owes_change: false,
        deleted: false,
        _slot: slot,
    };
    Ok(match upgrade {
        Ok(upgrade) => ws::respond(upgrade, viewer),
        Err(_) => sse::respond(viewer),
    })
}

fn asks_for_web_socket(headers: &HeaderMap) -> bool {
    headers.get_all(header::UPGRADE).iter().any(|line| {
        let protocols = line.to_str().unwrap_or_default().split(',');
        protocols
            .map(str::trim)
            .any(|protocol| protocol.eq_ignore_ascii_case("websocket"))
    })
}

/// What a browser saw last before it lost its stream; anything else than a position of ours is passed over.
fn last_event_id(headers: &HeaderMap) -> Option<ViewPosition> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}
