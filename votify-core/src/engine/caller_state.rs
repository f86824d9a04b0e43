use crate::ballot::{ActiveBallot, Ballot, Choice, Verdict, VoterHistory, decide};
use crate::engine::loaded_poll::LoadedPoll;
use crate::engine::{EngineError, PollEngine};
use crate::id::{BallotId, PollId};
use crate::poll::{BallotKind, Poll};
use crate::voter::{AddressId, Caller, VoterId};

/// What holds for one caller in one poll. It does not depend on counts.
#[derive(Debug, Clone)]
pub struct CallerState {
    /// True if the caller owns the poll.
    pub is_owner: bool,
    /// The caller's id as a voter of the poll, or `None` if the caller cannot be identified.
    pub voter: Option<VoterId>,
    /// The caller's active ballot, if there is one.
    pub ballot: Option<ActiveBallot>,
    /// The error that a valid vote of the caller would get now: an
    /// [`Unidentified`](EngineError::Unidentified) or a [`Refused`](EngineError::Refused).
    /// Never [`AddressQuota`](crate::Refusal::AddressQuota), which depends on the votes of
    /// others. `None` if no other rule refuses the vote.
    pub refusal: Option<EngineError>,
}

impl PollEngine {
    /// Returns what holds for the caller in a poll: whether the caller owns it, has voted,
    /// and may vote.
    ///
    /// ```
    /// use votify_core::{Caller, Choice, MemoryStore, PollDraft, PollEngine, SessionId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), votify_core::EngineError> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    /// let poll = engine.create_poll(draft).await?;
    /// let voter = Caller::session(SessionId::random());
    /// assert!(engine.caller_state(poll.id, &voter).await?.refusal.is_none());
    ///
    /// engine.vote(poll.id, &voter, Choice::one(poll.options[0].id)).await?;
    /// let state = engine.caller_state(poll.id, &voter).await?;
    /// assert!(state.ballot.is_some() && state.refusal.is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`PollNotFound`](EngineError::PollNotFound): the poll does not exist.
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn caller_state(
        &self,
        id: PollId,
        caller: &Caller,
    ) -> Result<CallerState, EngineError> {
        let loaded = self.inner.loader.load(id).await?;
        let is_owner = self.owns(&loaded.poll, caller).await?;
        let (voter, ballot, refusal) = match self.identify_voter(&loaded.poll, caller).await {
            Ok((voter, address)) => {
                let ballots = self.inner.loader.store.ballots_of(id, &[voter]).await?;
                let active = ballots.into_iter().next().flatten();
                let refusal = self.expected_refusal(&loaded, voter, address, active.clone());
                (Some(voter), active, refusal.await?)
            }
            Err(error @ EngineError::Unidentified(_)) => (None, None, Some(error)),
            Err(error) => return Err(error),
        };
        Ok(CallerState {
            is_owner,
            voter,
            ballot,
            refusal,
        })
    }

    /// Identifies the voter in the same order as a vote.
    async fn identify_voter(
        &self,
        poll: &Poll,
        caller: &Caller,
    ) -> Result<(VoterId, Option<AddressId>), EngineError> {
        let loader = &self.inner.loader;
        let address = loader.address_id(poll, caller)?;
        Ok((loader.authorize_voter(poll, caller).await?, address))
    }

    /// Returns the error of a vote with any valid choice, as if no other voter had voted.
    async fn expected_refusal(
        &self,
        loaded: &LoadedPoll,
        voter: VoterId,
        address: Option<AddressId>,
        active: Option<ActiveBallot>,
    ) -> Result<Option<EngineError>, EngineError> {
        let LoadedPoll { poll, tally } = loaded;
        let (now, had_ballots) = (self.now(), tally.ever_had_ballots());
        if let Some(opens_at) = poll.opens_at
            && !had_ballots
            && opens_at <= now
        {
            match self.check_opening(poll.id, opens_at).await {
                Ok(()) => {}
                Err(refused @ EngineError::Refused(_)) => return Ok(Some(refused)),
                Err(error) => return Err(error),
            }
        }
        let ballot = Ballot {
            id: BallotId::generate(now),
            poll: poll.id,
            voter,
            choice: valid_choice(poll),
            address,
            accepted: None,
        };
        let history = VoterHistory {
            active,
            ..VoterHistory::default()
        };
        let verdict = decide(poll, had_ballots, &history, 0, &ballot, now);
        Ok(match verdict {
            Verdict::Refuse(refusal) => Some(EngineError::Refused(refusal)),
            _ => None,
        })
    }
}

/// Returns the smallest choice that the poll accepts.
fn valid_choice(poll: &Poll) -> Choice {
    let mut options = poll.options.iter().map(|option| option.id);
    match (poll.rules.ballot, options.next()) {
        (BallotKind::Single, Some(first)) => Choice::one(first),
        (BallotKind::Multiple { min, .. }, Some(first)) => {
            let others = usize::try_from(min.max(1) - 1).unwrap_or(usize::MAX);
            Choice::several(std::iter::once(first).chain(options.take(others)))
        }
        // Every poll has options.
        (_, None) => Choice::several([]),
    }
}
