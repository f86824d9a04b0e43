use std::collections::HashMap;
use std::sync::Arc;

use crate::ballot::{Ballot, Outcome};
use crate::engine::VoteOutcome;
use crate::engine::cache::CachedDefinition;
use crate::engine::notifier::Notifier;
use crate::engine::shared_tally::SharedTally;
use crate::engine::stats::Counters;
use crate::engine::tally_change::{TallyChange, extend_sample};
use crate::engine::voting::audience_after;
use crate::id::PollId;
use crate::poll::ResultsPolicy;
use crate::tally::{Audience, TallyView};

/// Collects what viewers, event receivers and statistics need of a written batch.
#[derive(Debug, Clone)]
pub(super) struct OutcomeRecorder {
    pub(super) notifier: Notifier,
    pub(super) stats: Arc<Counters>,
}

impl OutcomeRecorder {
    /// Adds a ballot's outcome to the statistics and to the events, and if it changed its
    /// poll's tally, to the poll's change.
    pub(super) fn record(
        &self,
        ballot: &Ballot,
        outcome: &Outcome,
        definition: &CachedDefinition,
        shared: &SharedTally,
        changes: &mut HashMap<PollId, TallyChange>,
    ) {
        let (poll, tally) = (&definition.poll, &shared.tally);
        let counts_are_public =
            poll.rules.results == ResultsPolicy::Live && poll.version == tally.version;
        if counts_are_public {
            self.stats.record_outcome(outcome);
        }
        if !outcome.changed_tally() {
            return;
        }
        definition.mark_frozen_if_voted(tally);
        let change = changes
            .entry(ballot.poll)
            .or_insert_with(|| TallyChange::new(Arc::clone(tally)));
        if let (true, false, option @ [_]) = (
            counts_are_public,
            ballot.choice.is_withdrawal(),
            ballot.choice.options(),
        ) {
            extend_sample(&mut change.vote_sample, option);
        }
        // Under `Live` both audiences see the same counts.
        if !counts_are_public {
            let audience = audience_after(&ballot.choice);
            change.audience_changes.push((ballot.voter, audience));
        }
        if self.notifier.has_event_receivers()
            && let Ok(outcome) = VoteOutcome::try_from(outcome.clone())
        {
            let view = shared
                .view(poll, Audience::Public)
                .unwrap_or_else(|| TallyView::new(poll, tally, Audience::Public));
            self.notifier
                .emit_ballot_cast(ballot.poll, ballot.id, outcome, view);
        }
    }
}
