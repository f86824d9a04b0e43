use std::sync::Arc;

use crate::ballot::{ActiveBallot, Refusal};
use crate::engine::loader::PollLoader;
use crate::engine::{EngineError, PollEngine};
use crate::id::{BallotId, PollId};
use crate::store::StoreExt;
use crate::voter::{Caller, VoterId};

/// What became of a ballot, as far as the store knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VoteStatus {
    /// The ballot is not decided yet, or was never sent, or its refusal shows only once the
    /// poll is sealed.
    Queued,
    /// The ballot was accepted. A later ballot of the voter may have replaced it.
    Counted,
    /// The ballot does not count.
    Refused(Refusal),
}

/// The status of queued ballots.
impl PollEngine {
    /// Returns what became of a ballot of this voter, on any engine that shares the store.
    ///
    /// The answer follows from the store alone. The ballot was accepted; or the voter has
    /// another active ballot in a poll without revotes; or the poll is sealed without the
    /// ballot. Everything else is [`Queued`](VoteStatus::Queued), also an id that nobody
    /// sent and a ballot that was refused because its address has no vote left, until the
    /// poll is sealed.
    ///
    /// ```
    /// use votify_core::engine::VoteStatus;
    /// use votify_core::{BallotId, Caller, Choice, MemoryStore, PollDraft, PollEngine, SessionId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), votify_core::EngineError> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let poll = engine.create_poll(PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"])).await?;
    /// let voter = Caller::session(SessionId::random());
    /// let ballot = BallotId::generate(engine.now());
    /// assert_eq!(engine.vote_status(poll.id, &voter, ballot).await?, VoteStatus::Queued);
    /// engine.cast(poll.id, &voter, ballot, Choice::one(poll.options[0].id)).await?;
    /// assert_eq!(engine.vote_status(poll.id, &voter, ballot).await?, VoteStatus::Counted);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`PollNotFound`](EngineError::PollNotFound): the poll does not exist.
    /// - [`Unidentified`](EngineError::Unidentified): the caller lacks the identity that the
    ///   poll's voter policy requires.
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn vote_status(
        &self,
        poll: PollId,
        voter: &Caller,
        ballot: BallotId,
    ) -> Result<VoteStatus, EngineError> {
        let loader = &self.inner.loader;
        let definition = self.cached_definition(poll).await?;
        let voter = loader.identify(&definition.poll, voter)?;
        let mut statuses = statuses(loader, poll, &[(voter, ballot)]).await?;
        Ok(statuses.pop().unwrap_or(VoteStatus::Queued))
    }
}

/// Returns the status of each ballot of a poll, in order.
pub(super) async fn statuses(
    loader: &PollLoader,
    poll: PollId,
    ballots: &[(VoterId, BallotId)],
) -> Result<Vec<VoteStatus>, EngineError> {
    // The seal is read first: after it, no ballot is accepted.
    let tally = loader.store.tally(poll).await?;
    let tally = tally.ok_or(EngineError::PollNotFound(poll))?;
    let loaded = loader.with_definition(Arc::new(tally)).await?;
    let accepted = loader.store.accepted(poll, ballots).await?;
    let mut active = vec![None; ballots.len()];
    if !loaded.poll.rules.revote && accepted.contains(&false) {
        let voters: Vec<VoterId> = ballots.iter().map(|(voter, _)| *voter).collect();
        active = loader.store.ballots_of(poll, &voters).await?;
    }
    let entries = ballots.iter().zip(accepted).zip(active);
    let status =
        |((entry, accepted), active): ((&(VoterId, BallotId), bool), Option<ActiveBallot>)| {
            match active {
                _ if accepted => VoteStatus::Counted,
                // The ballot was counted since it was looked up.
                Some(active) if active.ballot.id == entry.1 => VoteStatus::Counted,
                Some(_) => VoteStatus::Refused(Refusal::AlreadyVoted),
                None if loaded.tally.sealed => VoteStatus::Refused(Refusal::Closed),
                None => VoteStatus::Queued,
            }
        };
    Ok(entries.map(status).collect())
}
