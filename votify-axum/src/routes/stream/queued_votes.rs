//! The queued votes of a WebSocket, whose decisions it waits for.

use tokio::task::JoinSet;
use votify_core::engine::VoteStatus;
use votify_core::{BallotId, Caller, EngineError, PollEngine, PollId, TallyView};

use super::command::Reply;
use crate::dto::receipt::ReceiptBody;
use crate::dto::stream::{VoteConfirmed, VoteRejected};
use crate::error::Problem;

/// Maximum number of undecided votes of one WebSocket.
const MAX_QUEUED: usize = 32;

/// The undecided votes of a viewer, each with a task that ends with the viewer. Takes no
/// memory without a queue.
#[derive(Default)]
pub(super) struct QueuedVotes(Option<Box<JoinSet<Decision>>>);

/// The decision on a queued vote.
pub(super) struct Decision {
    request_id: Option<String>,
    ballot: BallotId,
    /// The counts after the decision, if the vote counts.
    result: Result<TallyView, Problem>,
}

impl QueuedVotes {
    pub(super) fn is_full(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|votes| votes.len() >= MAX_QUEUED)
    }

    /// Waits for the decision on a vote.
    pub(super) fn add(
        &mut self,
        engine: PollEngine,
        poll: PollId,
        voter: Caller,
        ballot: BallotId,
        request_id: Option<String>,
    ) {
        let votes = self.0.get_or_insert_default();
        votes.spawn(async move {
            let result = decide(&engine, poll, &voter, ballot).await;
            Decision {
                request_id,
                ballot,
                result: result.map_err(Problem::from),
            }
        });
    }

    /// Returns the next decision. Never resolves without undecided votes. Cancel safe.
    pub(super) async fn next(&mut self) -> Decision {
        if let Some(votes) = &mut self.0 {
            while let Some(decided) = votes.join_next().await {
                // An error is a panic, which the task's runtime has logged.
                if let Ok(decision) = decided {
                    return decision;
                }
            }
        }
        self.0 = None;
        std::future::pending().await
    }
}

async fn decide(
    engine: &PollEngine,
    poll: PollId,
    voter: &Caller,
    ballot: BallotId,
) -> Result<TallyView, EngineError> {
    match engine.vote_decision(poll, voter, ballot).await? {
        VoteStatus::Refused(refusal) => Err(EngineError::Refused(refusal)),
        VoteStatus::Counted | VoteStatus::Queued => Ok(engine.poll(poll, voter).await?.view),
    }
}

impl Decision {
    /// Returns the counts after the decision, if the vote counts.
    pub(super) fn view(&self) -> Option<&TallyView> {
        self.result.as_ref().ok()
    }

    pub(super) fn into_reply(self) -> Reply {
        let Self {
            request_id,
            ballot,
            result,
        } = self;
        match result {
            Ok(view) => Reply::VoteConfirmed(VoteConfirmed {
                request_id,
                receipt: ReceiptBody::new(ballot, &view),
            }),
            Err(problem) => Reply::VoteRejected(VoteRejected {
                request_id,
                problem: problem.body(),
            }),
        }
    }
}
