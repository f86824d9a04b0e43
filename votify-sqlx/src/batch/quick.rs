//! The quick way of a batch: decided on what is remembered, and written by one statement that commits by itself, if all of it
//! still holds. It waits for no lock; whenever something is not as it was believed to be, nothing was written, and the sure
//! way under locks is left.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use votify_core::backend::PollBatch;
use votify_core::poll::PollState;
use votify_core::{Ballot, PollId, Timestamp};

use super::{Cast, Count, Group, count, may_be_of_one_part, remember};
use crate::dialect::{Batch, Dialect, Histories, Locked};
use crate::error::Error;
use crate::memory::{Age, Memory, Remembered, Stamp, recall};
use crate::writes::{Counted, Writes};

/// How many batches are cast under locks after the quick way was in vain.
const PAUSE: u32 = 32;

/// A database that can write a batch on conditions, in one statement.
#[async_trait]
pub(crate) trait Quick: Send + Sync {
    /// How often it was in vain.
    fn races(&self) -> &Races;

    /// Writes everything and commits, if memory was not lost, all polls are where they are said to be and locked by nobody
    /// else, and none of the voters did anything before; else nothing.
    ///
    /// After [`Error::Lost`] it may have happened. It never happens after another transaction moved one of the polls.
    async fn attempt(&self, attempt: &Attempt<'_>) -> Result<Attempted, Error>;
}

/// What is to be written, and on which conditions.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    /// When what it goes by was looked up.
    pub(crate) age: Age,
    /// Where the polls have to be; nothing is written where that is not known of one.
    pub(crate) polls: Vec<(PollId, Option<Stamp>)>,
    /// Whose histories are not known.
    pub(crate) voters: &'a [&'a Ballot],
    /// Those of them that may have been superseded.
    pub(crate) supersedable: &'a [&'a Ballot],
    pub(crate) writes: Writes<'a>,
}

/// What became of an attempt.
#[derive(Debug)]
pub(crate) enum Attempted {
    /// All was written and is committed; the polls are remembered by this mark.
    Written { mark: i64 },
    /// Nothing was. So it is, at one moment: where those of the polls are that exist, and what the voters did.
    Read {
        stamps: Vec<(PollId, Stamp)>,
        histories: Histories,
    },
    /// Nothing was done: what is remembered may hold no more.
    Forgotten,
}

/// Keeps two instances that vote in the same polls from racing each other for ever.
#[derive(Debug, Default)]
pub(crate) struct Races(AtomicU32);

impl Races {
    fn in_vain(&self) {
        self.0.store(PAUSE, Ordering::Relaxed);
    }

    /// Counts the batches of a pause.
    fn is_worth_a_try(&self) -> bool {
        let left = |pause: u32| pause.checked_sub(1);
        let counted = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
        counted.is_err()
    }
}

/// Casts a batch the quick way; `None` if it has to be cast the sure way, and nothing was written.
pub(super) async fn cast<'a, D: Dialect>(
    dialect: &D,
    group: &'a [PollBatch],
    ballots: &[Ballot],
    now: Timestamp,
) -> Result<Option<Vec<Cast<'a>>>, Error> {
    let (Some(quick), Some(memory)) = (dialect.quick(), dialect.memory()) else {
        return Ok(None);
    };
    if !quick.races().is_worth_a_try() {
        return Ok(None);
    }
    let way = Way::new(dialect, quick, memory, group, ballots, now);
    if way.remembers_quotas() {
        return Ok(None);
    }
    let done = match way.go().await {
        // One of the parts is to blame: that is found out under locks, where each error has its name.
        Err(error) if may_be_of_one_part(&error) => {
            tracing::debug!(%error, "a batch could not be written at once");
            None
        }
        done => done?,
    };
    // A quota is no race.
    if done.is_none() && !way.meets_quotas() {
        quick.races().in_vain();
    }
    Ok(done)
}

struct Way<'w, 'a, D> {
    dialect: &'w D,
    quick: &'w dyn Quick,
    memory: &'w Memory,
    age: Age,
    group: &'a [PollBatch],
    ballots: &'w [Ballot],
    voters: Vec<&'w Ballot>,
    remembered: HashMap<PollId, Arc<Remembered>>,
    now: Timestamp,
}

impl<'w, 'a: 'w, D: Dialect> Way<'w, 'a, D> {
    fn new(
        dialect: &'w D,
        quick: &'w dyn Quick,
        memory: &'w Memory,
        group: &'a [PollBatch],
        ballots: &'w [Ballot],
        now: Timestamp,
    ) -> Self {
        let age = memory.age();
        let parts = group.iter();
        let remembered = parts.filter_map(|part| Some((part.poll, memory.get(part.poll, age)?)));
        Self {
            dialect,
            quick,
            memory,
            age,
            group,
            ballots,
            voters: group
                .iter()
                .flat_map(|part| part.ballots(ballots))
                .collect(),
            remembered: remembered.collect(),
            now,
        }
    }

    /// Whether one of the polls is known to have a quota for each address. What is written on conditions looks at no places.
    fn remembers_quotas(&self) -> bool {
        self.remembered.values().any(|poll| has_quota(&poll.state))
    }

    /// The same, by what was read meanwhile.
    fn meets_quotas(&self) -> bool {
        let newest = |part: &PollBatch| self.memory.get(part.poll, self.age);
        let mut newest = self.group.iter().filter_map(newest);
        newest.any(|poll| has_quota(&poll.state))
    }

    async fn go(&self) -> Result<Option<Vec<Cast<'a>>>, Error> {
        let (done, counted) = self.guess();
        let guessed = !counted.is_empty();
        match self.attempt_unread(&counted).await? {
            Attempted::Written { mark } => {
                remember(self.dialect, self.age, counted, mark);
                Ok(Some(done))
            }
            // Somebody else holds a lock.
            Attempted::Read { stamps, histories }
                if guessed && histories.is_empty() && self.are_unmoved(&stamps) =>
            {
                Ok(None)
            }
            Attempted::Read { stamps, histories } => self.go_on(stamps, histories).await,
            Attempted::Forgotten => Ok(None),
        }
    }

    /// What follows if all polls are as they are remembered, and all voters are new.
    fn guess(&self) -> (Vec<Cast<'a>>, Vec<Counted>) {
        if self.remembered.len() < self.group.len() {
            return Default::default();
        }
        let states = self.remembered.iter();
        let polls = states.map(|(id, remembered)| (*id, Ok(remembered.state.clone())));
        self.count(polls.collect(), Histories::new())
    }

    fn count(&self, polls: Vec<Locked>, histories: Histories) -> (Vec<Cast<'a>>, Vec<Counted>) {
        let batch = Batch {
            polls,
            histories,
            age: self.age,
        };
        let group = Group {
            parts: self.group,
            ballots: self.ballots,
            now: self.now,
            new: vec![false; self.group.len()],
        };
        let Count { done, written, .. } = count(batch, HashMap::new(), &group);
        (done, written)
    }

    /// Writes what was guessed; where nothing was, it only reads.
    async fn attempt_unread(&self, counted: &[Counted]) -> Result<Attempted, Error> {
        let stamp = |id: &PollId| self.remembered.get(id).map(|poll| poll.stamp());
        let stamp =
            |part: &PollBatch| (part.poll, stamp(&part.poll).filter(|_| !counted.is_empty()));
        let may_be_superseded = |ballot: &&&Ballot| !self.forbids_revotes(ballot.poll);
        let supersedable: Vec<&Ballot> = self
            .voters
            .iter()
            .filter(may_be_superseded)
            .copied()
            .collect();
        self.quick
            .attempt(&Attempt {
                age: self.age,
                polls: self.group.iter().map(stamp).collect(),
                voters: &self.voters,
                supersedable: &supersedable,
                writes: Writes::new(counted),
            })
            .await
    }

    /// Whether the poll did not let voters vote anew when it was last seen.
    fn forbids_revotes(&self, id: PollId) -> bool {
        let remembered = self.remembered.get(&id);
        remembered.is_some_and(|poll| !poll.state.poll.rules.revote)
    }

    fn are_unmoved(&self, stamps: &[(PollId, Stamp)]) -> bool {
        let is_unmoved = |(id, stamp): &(PollId, Stamp)| {
            let remembered = self.remembered.get(id);
            remembered.is_some_and(|poll| poll.stamp() == *stamp)
        };
        stamps.len() == self.group.len() && stamps.iter().all(is_unmoved)
    }

    /// Decides on what was read, and writes that if it holds until then.
    async fn go_on(
        &self,
        stamps: Vec<(PollId, Stamp)>,
        histories: Histories,
    ) -> Result<Option<Vec<Cast<'a>>>, Error> {
        let Some(polls) = self.polls(&stamps).await? else {
            return Ok(None);
        };
        if polls
            .iter()
            .any(|(_, state)| state.as_ref().is_ok_and(has_quota))
        {
            return Ok(None);
        }
        let (done, counted) = self.count(polls, histories);
        if counted.is_empty() {
            return Ok(Some(done));
        }
        let stamps: HashMap<PollId, Stamp> = stamps.into_iter().collect();
        let written = counted.iter().map(|one| one.effects.state.poll.id);
        let attempt = Attempt {
            age: self.age,
            polls: written.map(|id| (id, stamps.get(&id).copied())).collect(),
            voters: &[],
            supersedable: &[],
            writes: Writes::new(&counted),
        };
        match self.quick.attempt(&attempt).await? {
            Attempted::Written { mark } => {
                remember(self.dialect, self.age, counted, mark);
                Ok(Some(done))
            }
            Attempted::Read { .. } | Attempted::Forgotten => Ok(None),
        }
    }

    /// The polls as they were where these stamps say; `None` if one of them went on meanwhile.
    async fn polls(&self, stamps: &[(PollId, Stamp)]) -> Result<Option<Vec<Locked>>, Error> {
        let (mut polls, moved) = recall(Some(self.memory), self.age, stamps);
        if !moved.is_empty() {
            // Whatever is read is remembered.
            self.dialect.polls(&moved).await?;
            let stamps = stamps.iter().filter(|(id, _)| moved.contains(id));
            let stamps: Vec<_> = stamps.copied().collect();
            let (read, missed) = recall(Some(self.memory), self.age, &stamps);
            if !missed.is_empty() {
                return Ok(None);
            }
            polls.extend(read);
        }
        // Superseded ballots were not asked for where there could be none, as it was believed.
        let is_surprise = |(id, state): &Locked| {
            let allows = |state: &PollState| state.poll.rules.revote;
            self.forbids_revotes(*id) && state.as_ref().is_ok_and(allows)
        };
        Ok((!polls.iter().any(is_surprise)).then_some(polls))
    }
}

const fn has_quota(state: &PollState) -> bool {
    state.poll.rules.address_quota.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_race_some_batches_go_the_sure_way() {
        let races = Races::default();
        assert!(races.is_worth_a_try());
        races.in_vain();
        let waited = std::iter::repeat_with(|| races.is_worth_a_try()).take_while(|worth| !worth);
        assert_eq!(waited.count(), 32);
        assert!(races.is_worth_a_try());
    }
}
