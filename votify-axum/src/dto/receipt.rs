use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use uuid::fmt::Hyphenated;
use votify_core::ballot::ActiveBallot;
use votify_core::{BallotId, BallotKind, Poll, TallyView, Timestamp, VoteOutcome, VoteReceipt};

use crate::dto::totals::{Count, Totals};

/// The response to an accepted vote or withdrawal.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = VoteReceipt)]
pub(crate) struct ReceiptBody {
    /// Always `true`.
    success: bool,
    ballot_id: Uuid,
    #[serde(flatten)]
    counts: CountsBody,
}

/// The response to a vote or a withdrawal that a queue has. It is counted or refused later.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = QueuedVote)]
pub(crate) struct QueuedBody {
    /// Always `true`.
    success: bool,
    /// Always `queued`.
    #[schema(value_type = String, example = "queued")]
    status: &'static str,
    ballot_id: Uuid,
}

impl From<&VoteReceipt> for QueuedBody {
    fn from(receipt: &VoteReceipt) -> Self {
        Self {
            success: true,
            status: "queued",
            ballot_id: *receipt.ballot.as_uuid(),
        }
    }
}

/// The part that is equal for all voters of a batch.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = NewCounts)]
struct CountsBody {
    /// The counts right after the vote. Without `count` while results are hidden from the
    /// voter.
    new_counts: Vec<Count>,
    #[serde(flatten)]
    totals: Totals,
}

impl ReceiptBody {
    pub(crate) fn new(ballot: BallotId, view: &TallyView) -> Self {
        Self {
            success: true,
            ballot_id: *ballot.as_uuid(),
            counts: view.into(),
        }
    }
}

impl From<&TallyView> for CountsBody {
    fn from(view: &TallyView) -> Self {
        Self {
            new_counts: Count::all(view),
            totals: view.into(),
        }
    }
}

/// Returns the JSON of a [`ReceiptBody`], or of a [`QueuedBody`]. All voters of a batch
/// share one rendering of the counts.
pub(crate) fn receipt_json(receipt: &VoteReceipt) -> Bytes {
    if receipt.outcome == VoteOutcome::Queued {
        let body = serde_json::to_vec(&QueuedBody::from(receipt));
        return body.unwrap_or_default().into();
    }
    const HEAD: &[u8] = br#"{"success":true,"ballot_id":""#;
    let suffix = receipt.view.rendered(render_suffix);
    let mut json = Vec::with_capacity(HEAD.len() + Hyphenated::LENGTH + suffix.len());
    json.extend_from_slice(HEAD);
    let mut id = [0; Hyphenated::LENGTH];
    let id = receipt.ballot.as_uuid().hyphenated().encode_lower(&mut id);
    json.extend_from_slice(id.as_bytes());
    json.extend_from_slice(suffix);
    json.into()
}

/// Renders everything after the ballot id.
fn render_suffix(view: &TallyView) -> Bytes {
    let counts = serde_json::to_string(&CountsBody::from(view)).unwrap_or_default();
    let fields = counts.strip_prefix('{').unwrap_or_default();
    format!("\",{fields}").into()
}

/// The caller's own vote.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = OwnBallot)]
pub(crate) struct OwnBallotBody {
    poll_id: Uuid,
    ballot_id: Uuid,
    /// The option, in a poll of kind `single`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    option_id: Option<Uuid>,
    /// The options, in a poll of kind `multiple`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    option_ids: Option<Vec<Uuid>>,
    #[schema(value_type = String, format = DateTime)]
    cast_at: Timestamp,
}

impl OwnBallotBody {
    pub(crate) fn new(poll: &Poll, active: &ActiveBallot) -> Self {
        let ballot = &active.ballot;
        let options = ballot.choice.options();
        let single = poll.rules.ballot == BallotKind::Single;
        Self {
            poll_id: *ballot.poll.as_uuid(),
            ballot_id: *ballot.id.as_uuid(),
            option_id: options.first().filter(|_| single).map(|id| *id.as_uuid()),
            option_ids: (!single).then(|| options.iter().map(|id| *id.as_uuid()).collect()),
            cast_at: active.cast_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use votify_core::engine::VoteOutcome;
    use votify_core::{Audience, BallotId, Keyring, PollDraft, PollId, ResultsPolicy, Tally};

    use super::*;

    #[test]
    fn shared_rendering_equals_the_serialized_body() {
        for results in [ResultsPolicy::Live, ResultsPolicy::AfterClose] {
            let mut draft = PollDraft::single_choice("t", ["a", "b"]);
            draft.rules.results = results;
            let now = Timestamp::EPOCH;
            let poll = draft
                .into_poll(PollId::generate(now), now, &Keyring::ephemeral())
                .unwrap();
            let mut tally = Tally::new(&poll);
            tally.total_votes = 7;
            tally.counts[1].count = 7;
            let view = TallyView::new(&poll, &tally, Audience::Voted);
            let poll = Arc::new(poll);
            for _ in 0..2 {
                let receipt = VoteReceipt {
                    ballot: BallotId::generate(now),
                    outcome: VoteOutcome::Counted { revision: 7 },
                    poll: Arc::clone(&poll),
                    view: view.clone(),
                };
                let expected =
                    serde_json::to_vec(&ReceiptBody::new(receipt.ballot, &receipt.view)).unwrap();
                assert_eq!(receipt_json(&receipt), expected, "{results:?}");
            }
        }
    }
}
