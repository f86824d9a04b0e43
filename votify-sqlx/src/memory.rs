//! Polls as they were last, so that a batch reads only those that moved since.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use votify_core::poll::PollState;
use votify_core::{PollId, Position};

use crate::dialect::Locked;

/// How many bytes of polls are remembered, about.
const BYTES: u64 = 16 << 20;
/// What a poll of two options takes, about.
const BYTES_OF_A_POLL: u64 = 1 << 10;
/// What a poll takes beside its texts and options, and an option beside its text.
const BYTES_OF_FIELDS: usize = 512;
const BYTES_OF_AN_OPTION: usize = 96;

/// What was committed, by poll. Same position, same poll and tally: what is remembered holds if, and only if, the database
/// is seen to have the poll where it was then.
///
/// A database that lost what it had committed (it was killed and forgets, a standby took its place) may come by the same
/// position another way. It broke all connections when it went: whoever makes one anew has everything
/// [forgotten](Self::forget). So only the connections of a store's own pool may serve what is remembered.
#[derive(Debug)]
pub(crate) struct Memory {
    polls: Cache<PollId, Arc<Remembered>, Weight>,
    age: AtomicU64,
}

/// The time between two losses of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Age(u64);

/// Where a database has a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) position: Position,
    /// What else the database tells of the poll's row, so that a poll that was deleted and made again with the same id is
    /// another.
    pub(crate) mark: i64,
}

/// A poll as a transaction left it that is known to be committed, or as one was read.
#[derive(Debug)]
pub(crate) struct Remembered {
    pub(crate) state: PollState,
    mark: i64,
    age: Age,
}

impl Remembered {
    pub(crate) const fn stamp(&self) -> Stamp {
        Stamp {
            position: self.state.tally.position,
            mark: self.mark,
        }
    }
}

/// The polls that are where they were when they were last seen, and those that have to be read.
pub(crate) fn recall(
    memory: Option<&Memory>,
    age: Age,
    stamps: &[(PollId, Stamp)],
) -> (Vec<Locked>, Vec<PollId>) {
    let (mut known, mut moved) = (Vec::with_capacity(stamps.len()), Vec::new());
    for (id, stamp) in stamps {
        let remembered = memory.and_then(|memory| memory.get(*id, age));
        match remembered.filter(|remembered| remembered.stamp() == *stamp) {
            Some(remembered) => known.push((*id, Ok(remembered.state.clone()))),
            None => moved.push(*id),
        }
    }
    (known, moved)
}

impl Memory {
    pub(crate) fn new() -> Self {
        let polls = usize::try_from(BYTES / BYTES_OF_A_POLL).unwrap_or(usize::MAX);
        Self {
            polls: Cache::with_weighter(polls, BYTES, Weight),
            age: AtomicU64::new(0),
        }
    }

    /// To be noted while a connection is held, before anything is read on it: what is read there belongs to this age.
    pub(crate) fn age(&self) -> Age {
        Age(self.age.load(Ordering::SeqCst))
    }

    /// The poll as it was last, if that is of this age.
    pub(crate) fn get(&self, id: PollId, age: Age) -> Option<Arc<Remembered>> {
        self.polls.get(&id).filter(|poll| poll.age == age)
    }

    /// Remembers what was read or committed on a connection that was held since `age`.
    pub(crate) fn keep(&self, age: Age, state: PollState, mark: i64) {
        // Else nobody would ever look at it.
        if age == self.age() {
            let id = state.poll.id;
            self.polls
                .insert(id, Arc::new(Remembered { state, mark, age }));
        }
    }

    /// To be called for each new connection, before it is used.
    pub(crate) fn forget(&self) {
        self.age.fetch_add(1, Ordering::SeqCst);
        self.polls.clear();
    }
}

/// About how many bytes a poll takes.
#[derive(Debug, Clone)]
struct Weight;

impl Weighter<PollId, Arc<Remembered>> for Weight {
    fn weight(&self, _: &PollId, remembered: &Arc<Remembered>) -> u64 {
        let poll = &remembered.state.poll;
        let options = poll.options.iter();
        let of_options: usize = options
            .map(|option| option.text.len() + BYTES_OF_AN_OPTION)
            .sum();
        let texts = poll.title.len() + poll.description.len();
        u64::try_from(BYTES_OF_FIELDS + texts + of_options).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use votify_core::{Keyring, PollDraft, Timestamp};

    use super::*;

    fn state() -> PollState {
        let now = Timestamp::EPOCH;
        let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
        let poll = draft.into_poll(PollId::generate(now), now, &Keyring::ephemeral());
        PollState::new(poll.unwrap())
    }

    #[test]
    fn what_was_read_before_a_loss_is_not_kept_after_it() {
        let (memory, state) = (Memory::new(), state());
        let id = state.poll.id;
        let before = memory.age();
        memory.keep(before, state.clone(), 7);
        let kept = memory.get(id, memory.age()).unwrap();
        let stamp = |mark| Stamp {
            position: Position::START,
            mark,
        };
        assert_eq!(kept.stamp(), stamp(7));
        let (known, moved) = recall(Some(&memory), memory.age(), &[(id, stamp(7))]);
        assert_eq!((known.len(), moved), (1, vec![]));
        let (known, moved) = recall(Some(&memory), memory.age(), &[(id, stamp(8))]);
        assert_eq!((known.len(), moved), (0, vec![id]));
        memory.forget();
        assert!(memory.get(id, memory.age()).is_none());
        memory.keep(before, state, 7);
        assert!(memory.get(id, memory.age()).is_none());
        assert!(memory.get(id, before).is_none());
    }

    #[test]
    fn memory_is_bounded() {
        let memory = Memory::new();
        for _ in 0..40_000 {
            memory.keep(memory.age(), state(), 0);
        }
        assert!(memory.polls.weight() <= BYTES);
        assert!(memory.polls.len() < 30_000);
    }
}
