//! A poll that is filled through a store, and the latencies of that store.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use votify_core::voter::VoterPolicy;
use votify_core::{
    Ballot, BallotId, Choice, Clock, Keyring, PollDraft, PollId, Store, StoreExt, SystemClock,
    VoterId,
};

/// Ballots per call while a poll is filled.
pub(crate) const FILL_BATCH: usize = 2_000;
/// Ballots per measured batch: as many as connections in the HTTP figures.
pub(crate) const BATCH: usize = 256;

/// Latencies of one store, in milliseconds.
#[derive(Debug)]
pub(crate) struct Latencies {
    pub(crate) one: f64,
    pub(crate) batch: f64,
    pub(crate) tally: f64,
}

impl Latencies {
    /// Returns the median of each latency.
    pub(crate) fn medians(samples: &[Self]) -> Self {
        let median = |value: fn(&Self) -> f64| {
            let mut values: Vec<_> = samples.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
        };
        Self {
            one: median(|sample| sample.one),
            batch: median(|sample| sample.batch),
            tally: median(|sample| sample.tally),
        }
    }
}

/// A poll and the number of its ballots.
pub(crate) struct GrowingPoll {
    pub(crate) id: PollId,
    choices: Vec<Choice>,
    pub(crate) ballots: u64,
}

impl GrowingPoll {
    /// Creates a poll with `ballots` ballots.
    ///
    /// # Errors
    /// If the store fails, or a ballot is not counted.
    pub(crate) async fn with_ballots(ballots: usize, store: &dyn Store) -> Result<Self> {
        let now = SystemClock.now();
        let poll = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]).into_poll(
            PollId::generate(now),
            now,
            &Keyring::ephemeral(),
        )?;
        store.create_poll(&poll).await?;
        let choices = poll.options.iter().map(|option| Choice::one(option.id));
        let mut this = Self {
            id: poll.id,
            choices: choices.collect(),
            ballots: 0,
        };
        this.fill(ballots, store).await?;
        Ok(this)
    }

    /// Casts `count` ballots in batches of [`FILL_BATCH`].
    ///
    /// # Errors
    /// If the store fails, or a ballot is not counted.
    pub(crate) async fn fill(&mut self, mut count: usize, store: &dyn Store) -> Result<()> {
        while count > 0 {
            let batch = count.min(FILL_BATCH);
            self.cast(batch, store).await?;
            count -= batch;
        }
        Ok(())
    }

    /// Casts one ballot, casts a batch and reads the tally.
    ///
    /// # Errors
    /// If the store fails, a ballot is not counted, or the tally differs from the cast
    /// ballots.
    pub(crate) async fn sample(&mut self, store: &dyn Store) -> Result<Latencies> {
        let one = self.cast(1, store).await?;
        let batch = self.cast(BATCH, store).await?;
        let start = Instant::now();
        let stored = store.tally(self.id).await?;
        let tally = milliseconds_since(start);
        let stored = stored.context("no tally")?;
        ensure!(
            stored.total_votes == self.ballots,
            "{} ballots were counted, but the tally is {stored:?}",
            self.ballots
        );
        Ok(Latencies { one, batch, tally })
    }

    /// Casts `count` ballots of new voters in one call. Returns its time in milliseconds.
    async fn cast(&mut self, count: usize, store: &dyn Store) -> Result<f64> {
        let now = SystemClock.now();
        let choices = self.choices.iter().cycle().take(count);
        let ballots: Vec<_> = choices
            .map(|choice| Ballot {
                id: BallotId::generate(now),
                poll: self.id,
                voter: new_voter(),
                choice: choice.clone(),
                address: None,
                accepted: None,
            })
            .collect();
        let start = Instant::now();
        let receipt = store.cast_ballots(&ballots, now).await;
        let time = milliseconds_since(start);
        for outcome in receipt.outcomes {
            let outcome = outcome?;
            ensure!(
                outcome.changed_tally(),
                "a ballot was not counted: {outcome:?}"
            );
            self.ballots += 1;
        }
        Ok(time)
    }
}

/// Returns a random voter id: real ids are keyed hashes, which are spread like random
/// values.
fn new_voter() -> VoterId {
    let mut value = [0; 15];
    value.copy_from_slice(&uuid::Uuid::new_v4().as_bytes()[..15]);
    VoterId::new(VoterPolicy::default(), value)
}

fn milliseconds_since(start: Instant) -> f64 {
    1e3 * start.elapsed().as_secs_f64()
}
