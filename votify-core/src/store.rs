//! The storage traits and their contract.
//!
//! [`Store`] holds polls and ballots, [`InviteStore`] the invited voters. Votify has
//! stores for SQLite, PostgreSQL, MySQL, MariaDB and Redis, and
//! [`MemoryStore`](crate::MemoryStore).
//!
//! # A complete store
//!
//! A store locks, reads, calls core's pure functions, and writes. This one holds each
//! poll in a map and implements every method. It is correct but slow: it has one lock for
//! all polls.
//!
//! ```
//! use std::collections::{HashMap, HashSet};
//! use std::sync::{Mutex, MutexGuard, PoisonError};
//!
//! use futures_util::stream::{self, BoxStream, StreamExt};
//! use votify_core::backend::{BatchEvaluator, group_by_poll};
//! use votify_core::ballot::{ActiveBallot, BatchReceipt, VoterHistory};
//! use votify_core::poll::{PollState, SealCause};
//! use votify_core::store::{Audit, ChangeOutcome, MAX_CLAIMS, PollCount, SealOutcome};
//! use votify_core::*;
//!
//! #[derive(Debug, Default)]
//! struct ToyStore {
//!     rows: Mutex<HashMap<PollId, Row>>,
//!     claims: Mutex<HashSet<(OwnerId, OwnerId)>>,
//! }
//!
//! #[derive(Debug)]
//! struct Row {
//!     state: PollState,
//!     voters: HashMap<VoterId, VoterHistory>,
//! }
//!
//! impl Row {
//!     fn active(&self) -> impl Iterator<Item = &ActiveBallot> {
//!         self.voters.values().filter_map(|history| history.active.as_ref())
//!     }
//! }
//!
//! impl ToyStore {
//!     fn lock(&self) -> MutexGuard<'_, HashMap<PollId, Row>> {
//!         self.rows.lock().unwrap_or_else(PoisonError::into_inner)
//!     }
//!
//!     /// Finds the poll that has this join code at `now`.
//!     fn holder(
//!         &self,
//!         rows: &HashMap<PollId, Row>,
//!         code: JoinCode,
//!         now: Timestamp,
//!     ) -> Option<PollId> {
//!         let mut polls = rows.values().map(|row| &row.state.poll);
//!         let has_code = |poll: &&Poll| {
//!             poll.join_code == Some(code) && poll.join_code_expires_at().is_none_or(|end| now < end)
//!         };
//!         polls.find(has_code).map(|poll| poll.id)
//!     }
//!
//!     fn with<T>(&self, id: PollId, run: impl FnOnce(&mut Row) -> T) -> Result<T, StoreError> {
//!         self.lock().get_mut(&id).map(run).ok_or(StoreError::PollNotFound(id))
//!     }
//! }
//!
//! #[async_trait::async_trait]
//! impl Store for ToyStore {
//!     fn backend(&self) -> &'static str {
//!         "toy"
//!     }
//!
//!     fn invites(&self) -> Option<&dyn InviteStore> {
//!         None
//!     }
//!
//!     async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
//!         let mut rows = self.lock();
//!         if rows.contains_key(&poll.id) {
//!             return Err(StoreError::PollExists(poll.id));
//!         }
//!         if let Some(code) = poll.join_code
//!             && self.holder(&rows, code, poll.created_at).is_some()
//!         {
//!             return Err(StoreError::JoinCodeTaken(code));
//!         }
//!         let state = PollState::new(poll.clone());
//!         rows.insert(poll.id, Row { state, voters: HashMap::new() });
//!         Ok(())
//!     }
//!
//!     async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
//!         let rows = self.lock();
//!         Ok(ids.iter().map(|id| Some(rows.get(id)?.state.poll.clone())).collect())
//!     }
//!
//!     async fn list_polls(
//!         &self,
//!         filter: &PollFilter,
//!         page: &PageRequest,
//!         now: Timestamp,
//!     ) -> Result<Page<PollState>, StoreError> {
//!         let states: Vec<_> = self.lock().values().map(|row| row.state.clone()).collect();
//!         Ok(filter.paginate(states, page, now))
//!     }
//!
//!     async fn count_polls(
//!         &self,
//!         filter: &PollFilter,
//!         now: Timestamp,
//!     ) -> Result<PollCount, StoreError> {
//!         Ok(filter.count(self.lock().values().map(|row| &row.state), now))
//!     }
//!
//!     async fn count_session_polls(&self, max: u64) -> Result<u64, StoreError> {
//!         let rows = self.lock();
//!         let sessions = rows.values().filter(|row| row.state.poll.is_of_session()).count();
//!         Ok(u64::try_from(sessions).unwrap_or(u64::MAX).min(max))
//!     }
//!
//!     async fn poll_by_join_code(
//!         &self,
//!         code: &JoinCode,
//!         now: Timestamp,
//!     ) -> Result<Option<PollId>, StoreError> {
//!         Ok(self.holder(&self.lock(), *code, now))
//!     }
//!
//!     async fn change_poll(
//!         &self,
//!         id: PollId,
//!         change: &PollChange,
//!         now: Timestamp,
//!     ) -> Result<ChangeOutcome, StoreError> {
//!         self.with(id, |row| match row.state.apply_change(change, now) {
//!             Err(refusal) => ChangeOutcome::Refused(refusal),
//!             Ok(None) => ChangeOutcome::Unchanged(Box::new(row.state.clone())),
//!             Ok(Some(state)) => {
//!                 row.state = state.clone();
//!                 ChangeOutcome::Changed(Box::new(state))
//!             }
//!         })
//!     }
//!
//!     async fn seal_polls(
//!         &self,
//!         ids: &[PollId],
//!         cause: SealCause,
//!         now: Timestamp,
//!     ) -> Vec<Result<SealOutcome, StoreError>> {
//!         let seal = |row: &mut Row| {
//!             row.state = row.state.seal(cause, now).unwrap_or_else(|| row.state.clone());
//!             if row.state.poll.is_sealed() {
//!                 SealOutcome::Sealed(row.state.tally.clone())
//!             } else {
//!                 SealOutcome::NotDue
//!             }
//!         };
//!         ids.iter().map(|id| self.with(*id, seal)).collect()
//!     }
//!
//!     async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
//!         self.lock().remove(&id).map(drop).ok_or(StoreError::PollNotFound(id))
//!     }
//!
//!     async fn delete_unused_poll(&self, id: PollId) -> Result<bool, StoreError> {
//!         // The same lock as for ballots.
//!         let mut rows = self.lock();
//!         let row = rows.get(&id).ok_or(StoreError::PollNotFound(id))?;
//!         let is_unused = !row.state.tally.ever_had_ballots();
//!         if is_unused {
//!             rows.remove(&id);
//!         }
//!         Ok(is_unused)
//!     }
//!
//!     async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
//!         let mut receipt = BatchReceipt::unknown_polls(ballots.len());
//!         let mut rows = self.lock();
//!         for batch in group_by_poll(ballots) {
//!             let Some(row) = rows.get_mut(&batch.poll) else { continue };
//!             // Read under the lock.
//!             let histories = row.voters.clone();
//!             // Decide. A store that supports address quotas also calls `with_address_usage`.
//!             let mut evaluator = BatchEvaluator::new(row.state.clone(), histories, now);
//!             let outcomes: Vec<_> = batch.ballots(ballots).map(|b| evaluator.cast(b)).collect();
//!             // Write in the same transaction.
//!             let writes = evaluator.finish();
//!             row.state = writes.state;
//!             for active in writes.inserted.into_iter().chain(writes.updated) {
//!                 let voter = active.ballot.voter;
//!                 row.voters.entry(voter).or_default().active = Some(active);
//!             }
//!             for voter in writes.removed {
//!                 row.voters.entry(voter).or_default().active = None;
//!             }
//!             for old in writes.superseded {
//!                 row.voters.entry(old.voter).or_default().superseded.push(old);
//!             }
//!             receipt.record(&batch, outcomes, row.state.tally.clone());
//!         }
//!         receipt
//!     }
//!
//!     async fn ballots_of(
//!         &self,
//!         poll: PollId,
//!         voters: &[VoterId],
//!     ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
//!         let rows = self.lock();
//!         let active = |voter| rows.get(&poll)?.voters.get(voter)?.active.clone();
//!         Ok(voters.iter().map(active).collect())
//!     }
//!
//!     async fn accepted(
//!         &self,
//!         poll: PollId,
//!         ballots: &[(VoterId, BallotId)],
//!     ) -> Result<Vec<bool>, StoreError> {
//!         let rows = self.lock();
//!         let accepted = |(voter, ballot): &(VoterId, BallotId)| {
//!             let history = rows.get(&poll).and_then(|row| row.voters.get(voter));
//!             history.is_some_and(|history| history.has_accepted(*ballot))
//!         };
//!         Ok(ballots.iter().map(accepted).collect())
//!     }
//!
//!     async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
//!         let rows = self.lock();
//!         Ok(polls.iter().map(|id| Some(rows.get(id)?.state.tally.clone())).collect())
//!     }
//!
//!     fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
//!         let ballots = self.with(poll, |row| row.active().cloned().collect::<Vec<_>>());
//!         let mut ballots = ballots.unwrap_or_default();
//!         ballots.sort_unstable_by_key(|active| active.revision);
//!         stream::iter(ballots.into_iter().map(Ok)).boxed()
//!     }
//!
//!     async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
//!         self.with(id, |row| Audit {
//!             recounted: row.state.tally.recounted(row.active()),
//!             stored: row.state.tally.clone(),
//!         })
//!     }
//!
//!     async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
//!         self.with(id, |row| {
//!             row.state = row.state.recount(row.active());
//!             row.state.tally.clone()
//!         })
//!     }
//!
//!     async fn claim_owner(&self, account: OwnerId, session: OwnerId) -> Result<bool, StoreError> {
//!         let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
//!         let known = claims.contains(&(account, session));
//!         let claimed = claims.iter().filter(|claim| claim.0 == account).count();
//!         if !known && claimed >= MAX_CLAIMS {
//!             return Ok(false);
//!         }
//!         claims.insert((account, session));
//!         Ok(true)
//!     }
//!
//!     async fn claimed_owners(&self, accounts: &[OwnerId]) -> Result<Vec<OwnerId>, StoreError> {
//!         let claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
//!         let of_accounts = claims.iter().filter(|claim| accounts.contains(&claim.0));
//!         let sessions: HashSet<_> = of_accounts.map(|claim| claim.1).collect();
//!         Ok(sessions.into_iter().collect())
//!     }
//!
//!     async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
//!         Ok(None)
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), EngineError> {
//! let engine = PollEngine::new(ToyStore::default());
//! let poll = engine.create_poll(PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"])).await?;
//! let caller = Caller::session(SessionId::random());
//! let receipt = engine.vote(poll.id, &caller, Choice::one(poll.options[0].id)).await?;
//! assert_eq!(receipt.view.total_votes(), Some(1));
//! # Ok(())
//! # }
//! ```
//!
//! The feature `conformance` adds the laws as tests: `votify_core::store_conformance!`.
//! The repository's `docs/writing-a-backend.md` describes each step.

mod contract;
mod cursor;
mod durability;
mod error;
mod ext;
mod filter;
mod invites;
mod page;

pub use contract::Store;
pub use cursor::{ParseCursorError, PollCursor};
pub use durability::Durability;
pub use error::{Source, StoreError};
pub use ext::StoreExt;
pub use filter::{PollFilter, PollOrder};
pub use invites::{InviteOutcome, InviteStore};
pub use page::{Page, PageError, PageRequest, PollCount};

use crate::poll::{ChangeRefusal, PollState};
use crate::tally::Tally;

/// The maximum number of sessions that an account may claim. It bounds the work of a
/// list.
pub const MAX_CLAIMS: usize = 1_000;

/// The outcome of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangeOutcome {
    /// The poll was changed to this state.
    Changed(Box<PollState>),
    /// The change had no effect; this is the poll's state.
    Unchanged(Box<PollState>),
    /// The change was refused and had no effect.
    Refused(ChangeRefusal),
}

/// The outcome of a seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealOutcome {
    /// The poll is sealed, by this or an earlier call. This is its final tally.
    Sealed(Tally),
    /// The poll's `closes_at` has not passed. Nothing changed.
    NotDue,
}

/// A stored tally and a recount from the same snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// The stored tally.
    pub stored: Tally,
    /// The tally recounted from the active ballots.
    pub recounted: Tally,
}

impl Audit {
    /// Returns true if both tallies are equal, as the laws of [`Store`] require.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.stored == self.recounted
    }
}
