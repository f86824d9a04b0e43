//! Recounts a poll's ballots as of one moment, although they are read in pages.

use std::collections::HashMap;

use votify_core::store::Audit;
use votify_core::{Choice, PollId, Tally};

use super::ballot_pages::{Page, page};
use super::cas::{CasAttempt, with_timeout};
use super::error::{Corrupt, Error};
use super::keys::ID_BYTES;
use super::lifecycle::{self, replace};
use super::poll_read::CurrentPoll;
use super::{RedisStore, record};

/// The choices of active ballots, up to the last revision that was read.
///
/// A vote during the recount gets a later revision, whose page is read later. So after
/// the last revision, the choices are those of that moment, and no vote had to wait.
#[derive(Default)]
struct Recount {
    last_revision: u64,
    choices: HashMap<[u8; ID_BYTES], Choice>,
    /// Nonce of the poll, and the server's run.
    source: Option<([u8; 8], Vec<u8>)>,
}

/// A poll and its recounted tally, both of the same moment.
struct RecountSnapshot {
    current: CurrentPoll,
    run: Vec<u8>,
    recounted: Tally,
}

impl Recount {
    /// Reads pages until the last revision.
    async fn finish(&mut self, store: &RedisStore, id: PollId) -> Result<RecountSnapshot, Error> {
        loop {
            let page = page(store, id, self.last_revision)
                .await?
                .ok_or(Error::NotFound(id))?;
            let source = Some((page.current.stored.nonce, page.read.run.clone()));
            if self.source != source {
                // A restarted server may have lost revisions, so the recount starts
                // again.
                let was_started = self.source.is_some();
                *self = Self {
                    source,
                    ..Self::default()
                };
                if was_started {
                    continue;
                }
            }
            self.apply(id, &page)?;
            if self.last_revision >= page.current.stored.state.tally.position.revision {
                return self.snapshot(id, page);
            }
        }
    }

    fn apply(&mut self, id: PollId, page: &Page) -> Result<(), Error> {
        for (voter, vote) in &page.voters {
            match vote {
                Some(vote) => {
                    let voter_id = record::decode_voter(id, voter)?;
                    let poll = &page.current.stored.state.poll;
                    let active = record::decode_vote(poll, voter_id, vote)?;
                    self.choices.insert(*voter, active.ballot.choice);
                }
                None => {
                    self.choices.remove(voter);
                }
            }
        }
        self.last_revision = self.last_revision.max(page.last);
        Ok(())
    }

    fn snapshot(&self, id: PollId, page: Page) -> Result<RecountSnapshot, Error> {
        if u64::try_from(self.choices.len()) != Ok(page.read.active_ballot_count) {
            return Err(Corrupt::of(id, "a ballot without a revision").into());
        }
        let choices = self.choices.values().map(|choice| (choice, 1));
        Ok(RecountSnapshot {
            recounted: (page.current.stored.state.tally).recounted_by_choice(choices),
            current: page.current,
            run: page.read.run,
        })
    }
}

pub(super) async fn audit(store: &RedisStore, id: PollId) -> Result<Audit, Error> {
    // Writes the epoch of the server's run if it is new, so that the audit reports it.
    lifecycle::current(store, id)
        .await?
        .ok_or(Error::NotFound(id))?;
    let RecountSnapshot {
        current, recounted, ..
    } = Recount::default().finish(store, id).await?;
    Ok(Audit {
        stored: current.stored.state.tally,
        recounted,
    })
}

pub(super) async fn repair(store: &RedisStore, id: PollId) -> Result<Tally, Error> {
    let mut recount = Recount::default();
    // Most pages are read before the lock, while votes continue.
    recount.finish(store, id).await?;
    with_timeout(async {
        let _lock = store.locks.lock(id).await;
        let mut attempt = CasAttempt::new(store, id, Vec::new());
        loop {
            let RecountSnapshot { current, run, .. } = recount.finish(store, id).await?;
            let state = &current.stored.state;
            let choices = recount.choices.values().map(|choice| (choice, 1));
            let mut repaired = state.recount_by_choice(choices);
            if current.epoch_raised {
                // The epoch is new already; the repair need not raise it again.
                repaired.tally.position.epoch = state.tally.position.epoch;
            }
            // After a conflict, the next round reads only the pages since.
            if replace(&mut attempt, &run, &current, &repaired)
                .await?
                .is_none()
            {
                return Ok(repaired.tally);
            }
        }
    })
    .await
}
