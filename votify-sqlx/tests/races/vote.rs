use votify_core::engine::EngineError;
use votify_core::voter::SessionId;
use votify_core::{BallotId, Caller, Choice, Clock, Poll, PollEngine, SystemClock};

/// A ballot of somebody: whose, which, and for which option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Vote {
    voter: u128,
    pub(crate) id: BallotId,
    pub(crate) option: usize,
}

impl Vote {
    /// By the voter of that number; different every time.
    pub(crate) fn by(voter: u128, option: usize) -> Self {
        let id = BallotId::generate(SystemClock.now());
        Self { voter, id, option }
    }

    /// Whether it was counted now; `None` where it was refused as the poll's second or too late.
    pub(crate) async fn cast(self, engine: &PollEngine, poll: &Poll) -> Option<u64> {
        match self.try_cast(engine, poll).await {
            Ok(revision) => Some(revision),
            Err(EngineError::Refused(_)) => None,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// The revision that it made, also if that was earlier.
    pub(crate) async fn try_cast(
        self,
        engine: &PollEngine,
        poll: &Poll,
    ) -> Result<u64, EngineError> {
        use votify_core::VoteOutcome::{Counted, Replayed};
        let voter = Caller::session(SessionId::from_bytes(self.voter.to_be_bytes()));
        let choice = Choice::one(poll.options[self.option].id);
        let receipt = engine.cast(poll.id, &voter, self.id, choice).await?;
        match receipt.outcome {
            Counted { revision } | Replayed { revision } => Ok(revision),
            other => panic!("{other:?}"),
        }
    }
}
