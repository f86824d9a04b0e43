//! The messages of streams, with their schemas.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::dto::poll::PollBody;
use crate::dto::receipt::{QueuedBody, ReceiptBody};
use crate::dto::result::Precision;
use crate::dto::totals::{Count, Totals};
use crate::error::ProblemBody;

/// The current state of a poll. The first message of every stream.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PollUpdated {
    pub(crate) poll_id: Uuid,
    /// All options, in the poll's order.
    pub(crate) options: Vec<Count>,
    #[serde(flatten)]
    pub(crate) totals: Totals,
    /// Current number of viewers. At most 5 s old.
    #[schema(example = 12)]
    pub(crate) viewers: u32,
    /// `provisional` while a queue may hold votes that are not counted yet; otherwise absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub(crate) precision: Option<Precision>,
    /// True from the closing until `poll_closed`, while queued votes are counted; otherwise
    /// absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub(crate) counting: Option<bool>,
}

/// The state of a poll that has closed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PollClosed {
    pub(crate) poll_id: Uuid,
    /// All options, in the poll's order.
    pub(crate) options: Vec<Count>,
    #[serde(flatten)]
    pub(crate) totals: Totals,
    /// True once the poll is sealed: the result no longer changes.
    #[serde(rename = "final")]
    pub(crate) is_final: bool,
}

/// One vote, in a sample of at most 32 for each `poll_updated`. Only with `events=votes`,
/// in a poll of kind `single`, while counts are shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VoteSubmitted {
    pub(crate) poll_id: Uuid,
    /// The chosen option.
    pub(crate) option_id: Uuid,
    /// The count of the option.
    #[schema(example = 42)]
    pub(crate) new_count: u64,
    #[schema(example = 80)]
    pub(crate) total_votes: u64,
    #[schema(example = 80)]
    pub(crate) revision: u64,
}

/// The poll after a change of its owner or host.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PollChanged {
    pub(crate) poll_id: Uuid,
    pub(crate) poll: Box<PollBody>,
}

/// The poll was deleted. The stream ends.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PollDeleted {
    pub(crate) poll_id: Uuid,
}

/// A sign of life, every 20 s. Only with `heartbeat=1`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Heartbeat {}

/// The reply to a vote that a queue has. `vote_confirmed` or `vote_rejected` follows, once
/// the vote was counted or refused.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VoteQueued {
    /// The `request_id` of the vote, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub(crate) request_id: Option<String>,
    #[serde(flatten)]
    pub(crate) queued: QueuedBody,
}

/// The reply to a vote that counts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VoteConfirmed {
    /// The `request_id` of the vote, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub(crate) request_id: Option<String>,
    #[serde(flatten)]
    pub(crate) receipt: ReceiptBody,
}

/// The reply to a vote that does not count.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VoteRejected {
    /// The `request_id` of the vote, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub(crate) request_id: Option<String>,
    #[serde(flatten)]
    pub(crate) problem: ProblemBody,
}

/// The reply to a message that is none of a client's, or to a `refresh` that failed. The
/// stream stays open.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StreamError {
    /// `malformed_message`, or the code of a problem.
    #[schema(example = "malformed_message")]
    pub(crate) code: &'static str,
    /// More about this occurrence.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub(crate) detail: Option<String>,
}
