//! The data of the store, and how it is read.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex as SyncMutex};
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::time::sleep;
use votify_core::poll::{JoinCode, PollState};
use votify_core::store::{PollFilter, StoreError};
use votify_core::{Poll, PollId, Timestamp};

use super::claims::Claims;
use super::fault::Fault;
use super::faulty_poll::FaultyPoll;
use super::listing::matches;

/// A store that obeys all laws except the one its fault violates. It yields where a
/// database would wait, so that concurrent calls interleave.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    pub(super) fault: Option<Fault>,
    pub(super) polls: SyncMutex<BTreeMap<PollId, Arc<Mutex<FaultyPoll>>>>,
    pub(super) orphans: SyncMutex<BTreeMap<PollId, FaultyPoll>>,
    /// The last poll of each join code.
    pub(super) join_codes: SyncMutex<BTreeMap<JoinCode, PollId>>,
    /// Locked while a poll with a join code is created.
    pub(super) creation: Mutex<()>,
    pub(super) claims: Claims,
    /// The number of seals whose write was delayed.
    pub(super) delayed_seals: AtomicU64,
}

impl FaultyStore {
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        Self {
            fault,
            polls: SyncMutex::default(),
            orphans: SyncMutex::default(),
            join_codes: SyncMutex::default(),
            creation: Mutex::default(),
            claims: Claims::default(),
            delayed_seals: AtomicU64::new(0),
        }
    }

    pub(super) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    pub(super) fn find(&self, id: PollId) -> Option<Arc<Mutex<FaultyPoll>>> {
        self.polls.lock().unwrap().get(&id).cloned()
    }

    pub(super) fn get(&self, id: PollId) -> Result<Arc<Mutex<FaultyPoll>>, StoreError> {
        self.find(id).ok_or(StoreError::PollNotFound(id))
    }

    pub(super) async fn states(&self, ids: &[PollId]) -> Vec<Option<PollState>> {
        let mut states = Vec::new();
        for id in ids {
            states.push(match self.find(*id) {
                Some(poll) => Some(poll.lock().await.state.clone()),
                None => None,
            });
        }
        states
    }

    /// Reads the states again once no write changed them for 1 ms, or after 20 ms. Then
    /// other readers return the true counts at the same positions.
    pub(super) async fn states_after_writes(&self, ids: &[PollId]) -> Vec<Option<PollState>> {
        let mut states = self.states(ids).await;
        for _ in 0..20 {
            sleep(Duration::from_millis(1)).await;
            let before = std::mem::replace(&mut states, self.states(ids).await);
            if states == before {
                break;
            }
        }
        states
    }

    pub(super) fn insert(&self, poll: Poll) {
        let id = poll.id;
        let faulty = FaultyPoll::new(PollState::new(poll));
        let mut polls = self.polls.lock().unwrap();
        polls.insert(id, Arc::new(Mutex::new(faulty)));
    }

    pub(super) async fn matching(&self, filter: &PollFilter, now: Timestamp) -> Vec<PollState> {
        let polls: Vec<_> = self.polls.lock().unwrap().values().cloned().collect();
        let mut states = Vec::new();
        for poll in polls {
            let poll = poll.lock().await;
            if matches(&poll.listed(), filter, now, self.fault) {
                states.push(poll.state.clone());
            }
        }
        states
    }
}

/// Returns the locked poll, unless it was deleted before it was locked.
pub(super) fn ensure_exists(
    poll: MutexGuard<'_, FaultyPoll>,
    id: PollId,
) -> Result<MutexGuard<'_, FaultyPoll>, StoreError> {
    match poll.deleted {
        true => Err(StoreError::PollNotFound(id)),
        false => Ok(poll),
    }
}
