use std::sync::Arc;

use votify_core::backend::SingleFlight;
use votify_core::{Poll, PollId, Store, StoreError, Tally};

use super::config::CacheConfig;
use super::local::Known;
use super::lookup::{Look, State};
use super::redis::Shelf;
use super::write_behind::Desk;
use crate::connect::Redis;

/// How often a poll that is being edited all the time is read again before it is given without a tally.
const ATTEMPTS: usize = 3;

/// What calls and the tasks behind them share.
#[derive(Debug)]
pub(super) struct Shared<S> {
    pub(super) store: S,
    pub(super) shelf: Shelf,
    pub(super) known: Known,
    pub(super) desk: Desk,
    pub(super) tallies: SingleFlight<Result<Option<Arc<Tally>>, StoreError>>,
    states: SingleFlight<Result<Loaded, StoreError>>,
}

/// A poll as the store has it.
#[derive(Debug, Clone)]
pub(super) enum Loaded {
    Missing,
    Poll(State),
    /// It was edited all the time.
    Restless(Arc<Poll>),
}

impl<S: Store> Shared<S> {
    pub(super) fn new(store: S, redis: Redis, config: &CacheConfig) -> Self {
        Self {
            store,
            shelf: Shelf::new(redis, config),
            known: Known::new(config.polls),
            desk: Desk::new(config.waiting),
            tallies: SingleFlight::new(),
            states: SingleFlight::new(),
        }
    }

    /// The poll as the store has it now, and lets others rely on that for a lease from `look` on, which was before.
    pub(super) async fn load(&self, poll: PollId, look: &Look) -> Result<Loaded, StoreError> {
        let load = async {
            let loaded = self.read(poll).await?;
            if let Loaded::Poll(state) = &loaded {
                self.known.saw(&state.tally, Some(&state.poll));
                self.desk.lay(&state.tally, self.shelf.lease_from(look), []);
            }
            Ok(loaded)
        };
        self.states.get(poll, load).await
    }

    async fn read(&self, id: PollId) -> Result<Loaded, StoreError> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let ids = [id];
            let (polls, tallies) =
                futures_util::future::try_join(self.store.polls(&ids), self.store.tallies(&ids))
                    .await?;
            let first = |poll: Option<Poll>, tally: Option<Tally>| poll.zip(tally);
            let (poll, tally) = (polls.into_iter().next(), tallies.into_iter().next());
            let Some((poll, tally)) = first(poll.flatten(), tally.flatten()) else {
                self.known.missed(id);
                return Ok(Loaded::Missing);
            };
            let poll = Arc::new(poll);
            if poll.version == tally.version {
                return Ok(Loaded::Poll(State {
                    poll,
                    tally: Arc::new(tally),
                }));
            }
            last = Some(poll);
        }
        Ok(last.map_or(Loaded::Missing, Loaded::Restless))
    }
}
