use axum::http::request::Parts;
use votify_core::PollId;
use votify_core::engine::live::Watch;

use super::last_sent::LastSent;
use super::queued_votes::QueuedVotes;
use super::ticker::Ticker;
use crate::extract::caller::RequestCaller;
use crate::rate_limit::StreamPermit;
use crate::state::AppState;

/// One viewer of one poll.
pub(super) struct Viewer {
    pub(super) state: AppState,
    pub(super) caller: RequestCaller,
    /// The request that opened the stream, if votes must be checked with it again: the
    /// login may end, or the host may refuse them.
    pub(super) request: Option<Box<Parts>>,
    pub(super) poll: PollId,
    pub(super) watch: Watch,
    /// True if the sample of votes of each frame is sent too.
    pub(super) wants_votes: bool,
    pub(super) heartbeat: Ticker,
    /// The last position sent over a WebSocket. Older states are not sent.
    pub(super) last_sent: LastSent,
    /// True if a change of the poll is to be sent with the next state that is new enough.
    pub(super) has_pending_change: bool,
    /// The queued votes of this viewer that are not decided yet.
    pub(super) queued_votes: QueuedVotes,
    /// True if the poll was deleted while the viewer watched it.
    pub(super) deleted: bool,
    pub(super) _permit: StreamPermit,
}
