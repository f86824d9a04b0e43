use votify_core::engine::EngineError;
use votify_core::voter::SessionId;
use votify_core::{BallotId, Caller, Choice, Clock, Poll, PollEngine, SystemClock};

/// One ballot of one voter. It can be cast several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Vote {
    voter: u128,
    /// The id of the ballot.
    pub id: BallotId,
    /// The index of the chosen option.
    pub option: usize,
}

impl Vote {
    /// A new ballot of voter `voter`.
    #[must_use]
    pub fn by(voter: u128, option: usize) -> Self {
        let id = BallotId::generate(SystemClock.now());
        Self { voter, id, option }
    }

    /// Casts the ballot. Returns `None` if the ballot was refused: as the voter's second
    /// one, or because the poll is closed.
    ///
    /// # Panics
    /// Panics on any other error.
    pub async fn cast(self, engine: &PollEngine, poll: &Poll) -> Option<u64> {
        match self.try_cast(engine, poll).await {
            Ok(revision) => Some(revision),
            Err(EngineError::Refused(_)) => None,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// Casts the ballot. Returns the revision at which the ballot was counted, now or
    /// earlier.
    ///
    /// # Errors
    /// Returns the engine's error.
    ///
    /// # Panics
    /// Panics if the outcome is neither `Counted` nor `Replayed`.
    pub async fn try_cast(self, engine: &PollEngine, poll: &Poll) -> Result<u64, EngineError> {
        use votify_core::Outcome::{Counted, Replayed};
        let voter = Caller::session(SessionId::from_bytes(self.voter.to_be_bytes()));
        let choice = Choice::one(poll.options[self.option].id);
        let receipt = engine.cast(poll.id, &voter, self.id, choice).await?;
        match receipt.outcome {
            Counted { revision } | Replayed { revision } => Ok(revision),
            other => panic!("{other:?}"),
        }
    }
}
