//! What a poll's ballots say, all of them at one moment, though they are read a page at a time.

use std::collections::HashMap;

use votify_core::store::Audit;
use votify_core::{Choice, PollId, Tally};

use super::ballot_pages::{Page, page};
use super::cas::Race;
use super::error::{Damaged, Fault};
use super::keys::ID;
use super::lifecycle::{self, replace};
use super::patience::in_time;
use super::poll_read::Current;
use super::{RedisStore, record};

/// The ballots that stand, as far as the revisions were looked at.
///
/// Who votes while this goes on gets a later revision, and is looked at again when that has its turn. So once the last
/// revision was looked at, what is here is what stood at that moment, and nobody had to wait for it.
#[derive(Default)]
struct Recount {
    looked_at: u64,
    choices: HashMap<[u8; ID], Choice>,
    /// Which poll, and in which run of the server.
    of: Option<([u8; 8], Vec<u8>)>,
}

/// A poll, and what its ballots say, of the same moment.
struct Moment {
    current: Current,
    run: Vec<u8>,
    recounted: Tally,
}

impl Recount {
    /// Goes on until all revisions were looked at.
    async fn finish(&mut self, store: &RedisStore, id: PollId) -> Result<Moment, Fault> {
        loop {
            let page = page(store, id, self.looked_at)
                .await?
                .ok_or(Fault::NotFound(id))?;
            let current = page.seen.current()?.ok_or(Fault::NotFound(id))?;
            let of = Some((current.kept.nonce, page.seen.run.clone()));
            if self.of != of {
                // Begin, or begin anew: the server may have gone back to what it had before.
                let begun = self.of.is_some();
                *self = Self {
                    of,
                    ..Self::default()
                };
                if begun {
                    continue;
                }
            }
            self.look_at(id, &page)?;
            if self.looked_at >= current.kept.state.tally.position.revision {
                return self.moment(id, page, current);
            }
        }
    }

    fn look_at(&mut self, id: PollId, page: &Page) -> Result<(), Fault> {
        for (voter, vote) in &page.voters {
            match vote {
                Some(vote) => {
                    let known = record::decode_voter(id, voter)?;
                    let standing = record::decode_vote(id, known, vote)?;
                    self.choices.insert(*voter, standing.ballot.choice);
                }
                None => {
                    self.choices.remove(voter);
                }
            }
        }
        self.looked_at = self.looked_at.max(page.last);
        Ok(())
    }

    fn moment(&self, id: PollId, page: Page, current: Current) -> Result<Moment, Fault> {
        if u64::try_from(self.choices.len()) != Ok(page.seen.standing) {
            return Err(Damaged::of(id, "a ballot that no revision tells of").into());
        }
        let choices = self.choices.values().map(|choice| (choice, 1));
        Ok(Moment {
            recounted: current.kept.state.tally.recounted_by_choice(choices),
            current,
            run: page.seen.run,
        })
    }
}

pub(super) async fn audit(store: &RedisStore, id: PollId) -> Result<Audit, Fault> {
    // So that it is written in which epoch this is.
    lifecycle::current(store, id)
        .await?
        .ok_or(Fault::NotFound(id))?;
    let Moment {
        current, recounted, ..
    } = Recount::default().finish(store, id).await?;
    Ok(Audit {
        stored: current.kept.state.tally,
        recounted,
    })
}

pub(super) async fn repair(store: &RedisStore, id: PollId) -> Result<Tally, Fault> {
    let mut recount = Recount::default();
    // Most of it is done while votes go on.
    recount.finish(store, id).await?;
    in_time(async {
        let _turn = store.turns.take(id).await;
        let mut race = Race::new(store, id, Vec::new());
        loop {
            let Moment { current, run, .. } = recount.finish(store, id).await?;
            let state = &current.kept.state;
            let choices = recount.choices.values().map(|choice| (choice, 1));
            let mut repaired = state.recount_by_choice(choices);
            if current.raised {
                // One step is enough for both.
                repaired.tally.position.epoch = state.tally.position.epoch;
            }
            // What was lost is made up for by recounting what came since, before anybody else writes again.
            if replace(&mut race, &run, &current, &repaired)
                .await?
                .is_none()
            {
                return Ok(repaired.tally);
            }
        }
    })
    .await
}
