use std::sync::Arc;

use super::QueueProducer;
use crate::ballot::{Ballot, Choice, Refusal};
use crate::engine::cache::CachedDefinition;
use crate::engine::{EngineError, PollEngine, VoteOutcome, VoteReceipt};
use crate::id::{BallotId, PollId};
use crate::poll::OPTIONS_MAX;
use crate::queue::BallotRecord;
use crate::tally::TallyView;
use crate::voter::Caller;

impl PollEngine {
    /// Appends a ballot to the queue. Returns `None` if the poll is sealed, so that the
    /// store has to answer.
    pub(in crate::engine) async fn cast_queued(
        &self,
        queue: &QueueProducer,
        poll: PollId,
        voter: &Caller,
        id: BallotId,
        choice: &Choice,
    ) -> Result<Option<VoteReceipt>, EngineError> {
        let loader = &self.inner.loader;
        let mut definition = self.cached_definition(poll).await?;
        queue.record_use(poll);
        let _permit = queue.acquire()?;
        let mut ballot = self.queued_ballot(&definition, voter, id, choice).await;
        if matches!(ballot, Err(EngineError::Unidentified(_))) {
            // The poll may have another voter policy by now.
            definition = loader.cache.reload(poll, &*loader.store).await?;
            ballot = self.queued_ballot(&definition, voter, id, choice).await;
        }
        let ballot = ballot?;
        let poll = &definition.poll;
        if poll.is_sealed() {
            return Ok(None);
        }
        // More options are wrong in every definition of the poll, and no record holds them.
        let is_final = definition.is_frozen() || choice.options().len() > OPTIONS_MAX;
        if is_final && let Err(problems) = choice.check(poll) {
            return Err(EngineError::Refused(Refusal::Invalid(problems)));
        }
        if let Some(opens_at) = poll.opens_at
            && !definition.is_frozen()
            && opens_at <= loader.now()
            && loader
                .clock_monitor
                .trusted_now()
                .await
                .is_none_or(|now| now < opens_at)
        {
            // By a wrong clock the ballot would open the poll.
            return Err(EngineError::Refused(Refusal::NotOpenYet { opens_at }));
        }
        // The last step before the call, which is bounded by the delivery timeout.
        let accepted_at = loader.now();
        queue
            .enqueue(&BallotRecord {
                ballot,
                accepted_at,
            })
            .await?;
        Ok(Some(VoteReceipt {
            ballot: id,
            outcome: VoteOutcome::Queued,
            poll: Arc::clone(poll),
            view: TallyView::without_counts(poll),
        }))
    }

    async fn queued_ballot(
        &self,
        definition: &CachedDefinition,
        voter: &Caller,
        id: BallotId,
        choice: &Choice,
    ) -> Result<Ballot, EngineError> {
        let loader = &self.inner.loader;
        let poll = &definition.poll;
        Ok(Ballot {
            id,
            poll: poll.id,
            address: loader.address_id(poll, voter)?,
            voter: loader.authorize_voter(poll, voter).await?,
            choice: choice.clone(),
            accepted: None,
        })
    }
}
