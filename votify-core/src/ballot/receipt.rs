use crate::backend::PollBatch;
use crate::ballot::{Outcome, Refusal};
use crate::store::StoreError;
use crate::tally::Tally;

/// The result of a batch.
#[derive(Debug, Clone)]
pub struct BatchReceipt {
    /// One entry per ballot, in the batch's order.
    pub outcomes: Vec<Result<Outcome, StoreError>>,
    /// The tally of every poll whose ballots were decided, from the same transaction.
    pub tallies: Vec<Tally>,
}

impl BatchReceipt {
    /// Creates a receipt that refuses each of `ballots` ballots with
    /// [`Refusal::PollNotFound`].
    ///
    /// A store then fills it in, one poll at a time.
    #[must_use]
    pub fn unknown_polls(ballots: usize) -> Self {
        let unknown = || Ok(Outcome::Refused(Refusal::PollNotFound));
        Self {
            outcomes: std::iter::repeat_with(unknown).take(ballots).collect(),
            tallies: Vec::new(),
        }
    }

    /// Records the outcomes of one poll's ballots, in their order, and the poll's tally.
    pub fn record(
        &mut self,
        batch: &PollBatch,
        outcomes: impl IntoIterator<Item = Outcome>,
        tally: Tally,
    ) {
        for (index, outcome) in batch.indices.iter().zip(outcomes) {
            if let Some(entry) = self.outcomes.get_mut(*index) {
                *entry = Ok(outcome);
            }
        }
        self.tallies.push(tally);
    }

    /// Records that one poll's ballots failed with `error`.
    pub fn fail(&mut self, batch: &PollBatch, error: &StoreError) {
        for index in &batch.indices {
            if let Some(entry) = self.outcomes.get_mut(*index) {
                *entry = Err(error.clone());
            }
        }
    }
}
