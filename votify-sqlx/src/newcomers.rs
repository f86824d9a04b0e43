//! Where it is worth taking every voter for somebody new.

use quick_cache::sync::Cache;
use votify_core::PollId;

/// How many polls are told apart, about.
const POLLS: usize = 10_000;
/// For how many batches voters of a poll are looked up after one of them was known; twice as many each time that goes on.
const LEAST: u16 = 16;
const MOST: u16 = 1024;

/// Polls in which voters are looked up before they are counted.
///
/// Most who vote are new to their poll. A batch that takes them for that spares looking each of them up: the unique index
/// judges, and where it knows one of them, the whole is done again with a look at everybody. In polls where that happens it is
/// not tried again for a while, so that who votes twice on purpose costs others little.
#[derive(Debug)]
pub(crate) struct Newcomers {
    wary: Cache<PollId, Wariness>,
}

#[derive(Debug, Clone, Copy)]
struct Wariness {
    batches_left: u16,
    of: u16,
}

impl Default for Newcomers {
    fn default() -> Self {
        Self {
            wary: Cache::new(POLLS),
        }
    }
}

impl Newcomers {
    /// Whether the voters of the next batch may be taken for new ones; to be asked once for each batch.
    pub(crate) fn expected_in(&self, poll: PollId) -> bool {
        let Some(wariness) = self.wary.get(&poll) else {
            return true;
        };
        let Some(batches_left) = wariness.batches_left.checked_sub(1) else {
            return true;
        };
        let less = Wariness {
            batches_left,
            ..wariness
        };
        self.wary.insert(poll, less);
        false
    }

    /// Those who were taken for new ones were.
    pub(crate) fn came_to(&self, poll: PollId) {
        if self.wary.peek(&poll).is_some() {
            self.wary.remove(&poll);
        }
    }

    /// Some who were taken for new ones were not, or may not have been.
    pub(crate) fn did_not_come_to(&self, poll: PollId) {
        let before = self.wary.get(&poll);
        let of = before.map_or(LEAST, |wariness| wariness.of.saturating_mul(2).min(MOST));
        let wariness = Wariness {
            batches_left: of,
            of,
        };
        self.wary.insert(poll, wariness);
    }
}

#[cfg(test)]
mod tests {
    use votify_core::Timestamp;

    use super::*;

    fn batches_until_trusted(newcomers: &Newcomers, poll: PollId) -> u16 {
        let looked_up = (0..=MOST).take_while(|_| !newcomers.expected_in(poll));
        u16::try_from(looked_up.count()).unwrap()
    }

    #[test]
    fn trust_that_was_betrayed_comes_back_ever_later() {
        let newcomers = Newcomers::default();
        let poll = PollId::generate(Timestamp::EPOCH);
        assert!(newcomers.expected_in(poll));
        for expected in [16, 32, 64, 128, 256, 512, 1024, 1024] {
            newcomers.did_not_come_to(poll);
            assert_eq!(batches_until_trusted(&newcomers, poll), expected);
        }
        let other = PollId::generate(Timestamp::EPOCH);
        assert!(newcomers.expected_in(other));
        newcomers.came_to(poll);
        newcomers.did_not_come_to(poll);
        assert_eq!(batches_until_trusted(&newcomers, poll), LEAST);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let newcomers = Newcomers::default();
        for _ in 0..3 * POLLS {
            newcomers.did_not_come_to(PollId::generate(Timestamp::EPOCH));
        }
        assert!(newcomers.wary.len() <= 2 * POLLS);
    }
}
