use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use votify_core::{PollId, Tally, VoterId};

use super::mark::Mark;

/// What is to be made known to Redis after the answer: of each poll the newest snapshot alone.
#[derive(Debug)]
pub(super) struct Desk {
    waiting: Mutex<Waiting>,
    /// How many voters may wait.
    most: usize,
    /// How often something was laid down.
    laid: watch::Sender<u64>,
    /// Up to which of these all is done.
    done: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Waiting {
    polls: HashMap<PollId, News>,
    voters: usize,
}

/// News of one poll.
#[derive(Debug)]
pub(super) struct News {
    pub(super) tally: Arc<Tally>,
    /// Until when others may rely on it, in microseconds of Redis' clock; 0 is not at all.
    pub(super) until: u64,
    /// Who has voted, and under which mark if that is known.
    pub(super) voters: HashMap<VoterId, Option<Mark>>,
}

impl Desk {
    pub(super) fn new(most: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            most,
            laid: watch::Sender::new(0),
            done: watch::Sender::new(0),
        }
    }

    /// Lays news down; what there is no room for is left out.
    pub(super) fn lay(
        &self,
        tally: &Arc<Tally>,
        until: u64,
        voters: impl IntoIterator<Item = (VoterId, Option<Mark>)>,
    ) {
        let mut waiting = self.lock();
        let Waiting { polls, voters: sum } = &mut *waiting;
        // A poll is worth one voter, so that both are bounded.
        if !polls.contains_key(&tally.poll) {
            if polls.len() >= self.most.max(1) {
                return;
            }
            let news = News {
                tally: Arc::clone(tally),
                until: 0,
                voters: HashMap::new(),
            };
            polls.insert(tally.poll, news);
        }
        let Some(news) = polls.get_mut(&tally.poll) else {
            return;
        };
        news.take_over(tally, until);
        for (voter, mark) in voters {
            if *sum >= self.most {
                break;
            }
            let known = news.voters.entry(voter).or_insert_with(|| {
                *sum += 1;
                None
            });
            *known = mark.or(*known);
        }
        drop(waiting);
        self.laid.send_modify(|laid| *laid += 1);
    }

    /// Waits for news, and takes all that there are; the number is for [`done`](Self::done). Cancel safe.
    pub(super) async fn take(&self) -> (u64, Vec<News>) {
        let mut laid = self.laid.subscribe();
        let done = *self.done.borrow();
        // The sender is this value's own.
        let _ = laid.wait_for(|laid| *laid > done).await;
        let number = *self.laid.borrow();
        let taken = std::mem::take(&mut *self.lock());
        (number, taken.polls.into_values().collect())
    }

    /// All that was laid down up to `number` is seen to.
    pub(super) fn done(&self, number: u64) {
        self.done.send_replace(number);
    }

    /// Waits until all that lies here now is seen to.
    pub(super) async fn cleared(&self) {
        let laid = *self.laid.borrow();
        let mut done = self.done.subscribe();
        let _ = done.wait_for(|done| *done >= laid).await;
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl News {
    fn take_over(&mut self, tally: &Arc<Tally>, until: u64) {
        let facts = |tally: &Tally| (tally.position.epoch, tally.version);
        if facts(tally) == facts(&self.tally) {
            self.until = self.until.max(until);
        } else if tally.position > self.tally.position {
            self.until = until;
        }
        if tally.position > self.tally.position {
            self.tally = Arc::clone(tally);
        }
    }
}

#[cfg(test)]
mod tests {
    use votify_core::{Position, VoterPolicy};

    use super::*;

    fn tally(revision: u64, version: u64) -> Arc<Tally> {
        Arc::new(Tally {
            poll: PollId::from_bytes([1; 16]),
            position: Position { epoch: 1, revision },
            version,
            sealed: false,
            total_votes: 0,
            counts: Vec::new(),
        })
    }

    fn voters(numbers: std::ops::Range<u8>) -> impl Iterator<Item = (VoterId, Option<Mark>)> {
        numbers.map(|number| (VoterId::new(VoterPolicy::Browser, [number; 15]), None))
    }

    #[tokio::test]
    async fn the_newest_snapshot_waits_alone_with_all_voters() {
        let desk = Desk::new(100);
        desk.lay(&tally(7, 0), 70, voters(0..2));
        desk.lay(&tally(5, 0), 50, voters(1..3));
        let (number, news) = desk.take().await;
        let [news] = news.as_slice() else {
            panic!("{news:?}");
        };
        assert_eq!(news.tally.position.revision, 7);
        assert_eq!((news.until, news.voters.len()), (70, 3));
        desk.done(number);
        desk.cleared().await;
    }

    #[tokio::test]
    async fn a_new_version_has_no_lease_of_the_old_one() {
        let desk = Desk::new(100);
        desk.lay(&tally(5, 0), 50, []);
        desk.lay(&tally(6, 1), 0, []);
        desk.lay(&tally(5, 0), 60, []);
        let (_, news) = desk.take().await;
        assert_eq!((news[0].tally.version, news[0].until), (1, 0));
    }

    #[tokio::test]
    async fn no_more_wait_than_there_is_room_for() {
        let desk = Desk::new(5);
        desk.lay(&tally(1, 0), 0, voters(0..200));
        let (_, news) = desk.take().await;
        assert_eq!(news[0].voters.len(), 5);
        // Room is there again.
        desk.lay(&tally(2, 0), 0, voters(0..3));
        let (_, news) = desk.take().await;
        assert_eq!(news[0].voters.len(), 3);
    }
}
