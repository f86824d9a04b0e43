use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use votify_core::ballot::StandingBallot;
use votify_core::{BallotKind, Poll, Timestamp, VoteReceipt};

use crate::dto::totals::{Count, Totals};

/// The answer to a vote that counts, or to one that was taken back.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = VoteReceipt)]
pub(crate) struct ReceiptBody {
    /// Always `true`.
    success: bool,
    ballot_id: Uuid,
    /// The counts right afterwards; without `count` where results are hidden from the voter.
    new_counts: Vec<Count>,
    #[serde(flatten)]
    totals: Totals,
}

impl From<&VoteReceipt> for ReceiptBody {
    fn from(receipt: &VoteReceipt) -> Self {
        Self {
            success: true,
            ballot_id: *receipt.ballot.as_uuid(),
            new_counts: Count::all(&receipt.view),
            totals: (&receipt.view).into(),
        }
    }
}

/// The caller's own vote.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = OwnBallot)]
pub(crate) struct OwnBallotBody {
    poll_id: Uuid,
    ballot_id: Uuid,
    /// In a poll of kind `single`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    option_id: Option<Uuid>,
    /// In a poll of kind `multiple`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    option_ids: Option<Vec<Uuid>>,
    #[schema(value_type = String, format = DateTime)]
    cast_at: Timestamp,
}

impl OwnBallotBody {
    pub(crate) fn new(poll: &Poll, standing: &StandingBallot) -> Self {
        let ballot = &standing.ballot;
        let options = ballot.choice.options();
        let single = poll.rules.ballot == BallotKind::Single;
        Self {
            poll_id: *ballot.poll.as_uuid(),
            ballot_id: *ballot.id.as_uuid(),
            option_id: options.first().filter(|_| single).map(|id| *id.as_uuid()),
            option_ids: (!single).then(|| options.iter().map(|id| *id.as_uuid()).collect()),
            cast_at: standing.cast_at,
        }
    }
}
