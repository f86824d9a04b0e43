use crate::backend::PollBatch;
use crate::ballot::{Outcome, Refusal};
use crate::store::StoreError;
use crate::tally::Tally;

/// What became of a batch.
#[derive(Debug, Clone)]
pub struct BatchReceipt {
    /// One entry per ballot, in the batch's order.
    pub outcomes: Vec<Result<Outcome, StoreError>>,
    /// The tally of every poll whose part went through, as of the same transaction.
    pub tallies: Vec<Tally>,
}

impl BatchReceipt {
    /// A receipt for `ballots` ballots of polls that do not exist, to be filled in part by part.
    #[must_use]
    pub fn unknown_polls(ballots: usize) -> Self {
        let unknown = || Ok(Outcome::Refused(Refusal::PollNotFound));
        Self {
            outcomes: std::iter::repeat_with(unknown).take(ballots).collect(),
            tallies: Vec::new(),
        }
    }

    /// Fills in the outcomes of a part that went through, in its order, and its tally.
    pub fn record(
        &mut self,
        part: &PollBatch,
        outcomes: impl IntoIterator<Item = Outcome>,
        tally: Tally,
    ) {
        for (index, outcome) in part.indices.iter().zip(outcomes) {
            if let Some(slot) = self.outcomes.get_mut(*index) {
                *slot = Ok(outcome);
            }
        }
        self.tallies.push(tally);
    }

    /// Fills in that a part failed.
    pub fn fail(&mut self, part: &PollBatch, error: &StoreError) {
        for index in &part.indices {
            if let Some(slot) = self.outcomes.get_mut(*index) {
                *slot = Err(error.clone());
            }
        }
    }
}
