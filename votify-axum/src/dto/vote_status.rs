use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use votify_core::BallotId;
use votify_core::engine::VoteStatus;

use crate::dto::receipt::OwnBallotBody;
use crate::error::Problem;

/// What became of a ballot of the caller.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = VoteStatus)]
pub(crate) struct VoteStatusBody {
    ballot_id: Uuid,
    status: StatusName,
    /// Why the ballot was refused: the code of a problem, as in the response to a vote.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = String, example = "poll_closed")]
    code: Option<&'static str>,
}

/// The state of a ballot.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = VoteStatusName)]
enum StatusName {
    /// Not decided yet. Until the poll is final, also for an id that nobody sent.
    Queued,
    /// Accepted. A later vote may have replaced it.
    Counted,
    /// Not counted.
    Refused,
}

/// The caller's own vote, or the state of the ballot in `ballot_id`.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = OwnVote)]
pub(crate) enum OwnVoteBody {
    Ballot(OwnBallotBody),
    Status(VoteStatusBody),
}

impl VoteStatusBody {
    pub(crate) fn new(ballot: BallotId, status: VoteStatus) -> Self {
        let (status, code) = match status {
            VoteStatus::Queued => (StatusName::Queued, None),
            VoteStatus::Counted => (StatusName::Counted, None),
            VoteStatus::Refused(refusal) => {
                (StatusName::Refused, Some(Problem::from(refusal).code()))
            }
        };
        Self {
            ballot_id: *ballot.as_uuid(),
            status,
            code,
        }
    }
}
