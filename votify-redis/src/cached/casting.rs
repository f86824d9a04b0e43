use std::collections::HashMap;
use std::iter;
use std::sync::Arc;

use futures_util::future::join_all;
use tokio::time::Instant;
use votify_core::backend::{PollBatch, group_by_poll};
use votify_core::ballot::BatchReceipt;
use votify_core::{Ballot, Outcome, PollId, Refusal, Store, StoreError, Tally, Timestamp, VoterId};

use super::leases::{Loaded, Shared};
use super::lookup::{Look, State};
use super::mark::Mark;
use super::precheck::{Sorted, has_other, merge};

/// About how many polls Redis is asked at once.
const CHUNK: usize = 64;

impl<S: Store> Shared<S> {
    /// Refuses what is certain to be refused, and hands the rest to the store, in order. A refusal leaves no trace, so the
    /// rest is decided as if the refused ones were among them.
    pub(super) async fn cast(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        let parts = group_by_poll(ballots);
        let sorted = self.sort(&parts, ballots, now).await;
        let (mut places, mut rest) = (Vec::new(), Vec::new());
        for (place, (ballot, refusal)) in ballots.iter().zip(&sorted.refusals).enumerate() {
            if refusal.is_none() {
                places.push(place);
                rest.push(ballot.clone());
            }
        }
        let receipt = if rest.is_empty() {
            BatchReceipt::unknown_polls(0)
        } else {
            self.store.cast_ballots(&rest, now).await
        };
        if receipt.outcomes.len() != rest.len() {
            // A store that breaks the law, which whoever called it has to find out.
            return receipt;
        }
        self.note(&parts, &sorted, &places, ballots, &receipt);
        merge(sorted, &places, receipt)
    }

    async fn sort(&self, parts: &[PollBatch], ballots: &[Ballot], now: Timestamp) -> Sorted {
        let mut sorted = Sorted {
            looks: Vec::with_capacity(parts.len()),
            refusals: vec![None; ballots.len()],
            tallies: HashMap::new(),
        };
        let began = Instant::now();
        for chunk in parts.chunks(CHUNK) {
            // Answers that are slow and many must not add up.
            let in_time = began.elapsed() < self.shelf.patience;
            let asked = if in_time { chunk } else { &[] };
            let examined = join_all(asked.iter().map(|part| self.examine(part, ballots))).await;
            let examined = examined
                .into_iter()
                .chain(iter::repeat_with(|| (None, None)));
            for (part, (look, state)) in chunk.iter().zip(examined) {
                if let (Some(look), Some(state)) = (&look, &state) {
                    sorted.refuse(part, ballots, look, state, now);
                    if part.indices.iter().any(|place| sorted.is_refused(*place)) {
                        let tally = self.known.newest(&state.tally);
                        sorted.tallies.insert(part.poll, tally);
                    }
                }
                sorted.looks.push(look);
            }
        }
        sorted
    }

    /// What Redis knows of a part, and the poll's state if that may lead to a refusal.
    async fn examine(&self, part: &PollBatch, ballots: &[Ballot]) -> (Option<Look>, Option<State>) {
        let Some(look) = self.look_at(part, ballots).await else {
            return (None, None);
        };
        let state = self.certain(part, ballots, &look).await;
        (Some(look), state)
    }

    /// What Redis knows of a part's poll and voters, where that can matter.
    async fn look_at(&self, part: &PollBatch, ballots: &[Ballot]) -> Option<Look> {
        if !self.shelf.breaker.lets_through() || self.known.allows_revote(part.poll) {
            return None;
        }
        let voters: Vec<VoterId> = part.ballots(ballots).map(|ballot| ballot.voter).collect();
        self.shelf.look(part.poll, &voters).await
    }

    /// The poll's state, if any of the part's voters seems to have voted: as Redis has it, or as the store has it.
    async fn certain(&self, part: &PollBatch, ballots: &[Ballot], look: &Look) -> Option<State> {
        let other = |(ballot, mark): (&Ballot, &Option<Mark>)| has_other(ballot, *mark);
        if !part.ballots(ballots).zip(look.marks()).any(other) {
            return None;
        }
        if let Some(state) = self.current(look) {
            return Some(state.clone());
        }
        match self.load(part.poll, look).await {
            Ok(Loaded::Poll(state)) => Some(state),
            // It will say so itself.
            Ok(Loaded::Missing | Loaded::Restless(_)) | Err(_) => None,
        }
    }

    /// Has Redis told, after the answer, what was seen.
    fn note(
        &self,
        parts: &[PollBatch],
        sorted: &Sorted,
        places: &[usize],
        ballots: &[Ballot],
        receipt: &BatchReceipt,
    ) {
        let outcomes: HashMap<usize, &Result<Outcome, StoreError>> =
            places.iter().copied().zip(&receipt.outcomes).collect();
        let tallies: HashMap<PollId, &Tally> = receipt
            .tallies
            .iter()
            .map(|tally| (tally.poll, tally))
            .collect();
        for (part, look) in parts.iter().zip(&sorted.looks) {
            let Some(tally) = tallies.get(&part.poll) else {
                continue;
            };
            let tally = Arc::new((*tally).clone());
            self.known.saw(&tally, None);
            let Some(look) = look else { continue };
            let voted = part.indices.iter().filter_map(|place| {
                let ballot = ballots.get(*place)?;
                let outcome = outcomes.get(place)?.as_ref().ok()?;
                voted(ballot, outcome).map(|mark| (ballot.voter, mark))
            });
            self.desk.lay(&tally, self.shelf.lease_from(look), voted);
        }
    }
}

/// Whether an outcome shows that the voter has voted, and by which ballot if it shows that too.
fn voted(ballot: &Ballot, outcome: &Outcome) -> Option<Option<Mark>> {
    match outcome {
        Outcome::Counted { .. } | Outcome::Replayed { .. } => Some(Some(Mark::of(ballot))),
        Outcome::Refused(Refusal::AlreadyVoted) => Some(None),
        _ => None,
    }
}
