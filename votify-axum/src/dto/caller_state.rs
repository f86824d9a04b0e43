use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use votify_core::ballot::ActiveBallot;

/// What holds for the caller in a poll.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = CallerState)]
pub(crate) struct CallerStateBody {
    /// True if the caller may change, close and delete the poll.
    owner: bool,
    /// True if a vote of the caller counts.
    voted: bool,
    /// True if `reason` is `null`. In a poll with an `address_quota`, a vote may still get
    /// `address_quota`.
    can_vote: bool,
    /// The code of the error that a vote would get now, such as `poll_closed`,
    /// `already_voted` or `invite_invalid`.
    #[schema(example = "already_voted")]
    reason: Option<&'static str>,
    /// The ballot of the vote that counts.
    ballot_id: Option<Uuid>,
    /// Names the caller as a voter of this poll: another one after another login, and with
    /// another invite code. A vote with this `voter` in its query is refused with
    /// `voter_changed` once the caller is another voter. `null` in polls by `ip`, and for
    /// callers who are not identified yet.
    #[schema(example = "4f1c8a90d2e35b67")]
    voter: Option<String>,
}

impl CallerStateBody {
    pub(crate) fn new(
        is_owner: bool,
        ballot: Option<&ActiveBallot>,
        reason: Option<&'static str>,
        voter: Option<String>,
    ) -> Self {
        Self {
            owner: is_owner,
            voted: ballot.is_some(),
            can_vote: reason.is_none(),
            reason,
            ballot_id: ballot.map(|active| *active.ballot.id.as_uuid()),
            voter,
        }
    }
}
