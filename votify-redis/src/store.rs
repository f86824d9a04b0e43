mod ballot_pages;
mod cas;
mod cast;
mod error;
mod invites;
mod keys;
mod lifecycle;
mod listing;
mod patience;
mod poll_read;
mod read;
mod record;
mod recount;
mod scripts;
mod turns;

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use tokio::time::Instant;
use votify_core::ballot::ActiveBallot;
use votify_core::poll::{PollState, SealCause};
use votify_core::store::{
    Audit, ChangeOutcome, InviteOutcome, InviteStore, PollFilter, SealOutcome,
};
use votify_core::{
    Ballot, BatchReceipt, Page, PageRequest, Poll, PollChange, PollId, Store, StoreError, Tally,
    Timestamp, VoterId,
};

use crate::connect::Redis;
use crate::durability::{self, Eviction};
use crate::error::NAME;
use error::Fault;
use lifecycle::Next;
use listing::{Announcement, Warm};
use patience::in_time;
use turns::Turns;
use votify_core::store::Durability;

/// A whole [`Store`] in Redis 7 or newer, or Valkey: one server or a cluster, on which each poll is in one slot.
///
/// Clones share the same connections. Several processes may use the same server; every law holds across them. A batch is
/// read, decided here, and written by one script for each poll, which does nothing if the poll has moved meanwhile; it is
/// then decided anew.
///
/// # What an acknowledged vote is worth
///
/// As much as the server's settings: see [`durability`](Self::durability), and [`require_durable`](Self::require_durable).
/// After each start of a server, and on another server, each poll goes on in a new epoch, as what was acknowledged before
/// may be gone: no position is used twice, as long as the server's clock is not set back.
///
/// # Costs
///
/// * A ballot takes about 200 bytes of the server's memory, one that was replaced another 150. One call takes at most
///   200 000 ballots for one poll.
/// * A batch is two round trips for each of its polls, all polls at once.
/// * Listings are sorted sets in a slot of their own, about 1 KiB for each poll. They follow edits at once and votes within a
///   second; what a killed process left behind is made good by whoever lists polls next. A filter by status or by words
///   looks at the polls of the smallest fitting listing (of all, the sealed or the unsealed ones, perhaps of one category),
///   1 000 at a time and at most 100 000 of them: later ones are neither found nor counted.
/// * Auditing and repairing read all ballots of a poll, page by page while votes go on, and keep them in memory.
///
/// # Errors
///
/// A call takes less than four seconds, except the reading of many ballots, each page of which does. A server whose memory
/// is full is [`Unavailable`](StoreError::Unavailable) for votes and new polls; what is there can still be read, closed and
/// deleted. The connection's user needs, on all keys that begin with the prefix, `EVALSHA`, `EVAL`, `INFO`, `TIME` and the
/// commands on hashes, sets, sorted sets and strings; without `CONFIG` the durability is unknown.
#[derive(Clone)]
pub struct RedisStore {
    redis: Redis,
    durability: Durability,
    turns: Arc<Turns>,
    /// Polls whose heat moved a moment ago.
    add_votes: Arc<Warm>,
    /// When this process saw to the listings last.
    mended: Arc<Mutex<Option<Instant>>>,
}

impl RedisStore {
    /// Connects to the server or cluster of this URL, as [`Redis::connect`] does.
    ///
    /// # Errors
    /// As with [`open`](Self::open).
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let redis = Redis::connect(url).await.map_err(|error| {
            if error.is_transient() {
                StoreError::unavailable(NAME, error)
            } else {
                StoreError::failed(NAME, error)
            }
        })?;
        Self::open(redis).await
    }

    /// Uses a server or cluster, after looking at its settings.
    ///
    /// # Errors
    /// [`Failed`](StoreError::Failed) if it is set up to throw data away when its memory is full (a `maxmemory` with a
    /// `maxmemory-policy` of all keys), or [`Unavailable`](StoreError::Unavailable).
    pub async fn open(redis: Redis) -> Result<Self, StoreError> {
        let (durability, eviction) = durability::ask(&redis)
            .await
            .map_err(|error| Fault::from(error).into_store_error())?;
        match eviction {
            Eviction::Now => return Err(Fault::Evicting.into_store_error()),
            Eviction::IfLimited => tracing::warn!(
                "Redis would throw votes away if it had a memory limit: set maxmemory-policy to noeviction"
            ),
            Eviction::Never => {}
        }
        if !durability.is_durable() {
            tracing::warn!(%durability, "what an acknowledged vote is worth in this Redis");
        }
        Ok(Self {
            redis,
            durability,
            turns: Arc::default(),
            add_votes: Arc::default(),
            mended: Arc::default(),
        })
    }

    /// What an acknowledged vote survives, as the servers were set up when this store was made.
    #[must_use]
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// The same store, if every acknowledged vote survives a crash and a loss of power.
    ///
    /// # Errors
    /// [`Failed`](StoreError::Failed), with what a vote is worth instead.
    pub fn require_durable(self) -> Result<Self, StoreError> {
        if self.durability.is_durable() {
            Ok(self)
        } else {
            Err(Fault::NotDurable(self.durability).into_store_error())
        }
    }

    /// Lets listings follow the votes of a poll, soon.
    fn warm(&self, poll: PollId) {
        self.add_votes.add(&self.redis, poll);
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("redis", &self.redis)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for RedisStore {
    fn backend(&self) -> &'static str {
        NAME
    }

    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        let state = PollState::new(poll.clone());
        self.announced(poll.id, lifecycle::create(self, &state).boxed())
            .await
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        let states = read::states(self, ids).await.map_err(failed)?;
        Ok(states.into_iter().map(|state| Some(state?.poll)).collect())
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<Poll>, StoreError> {
        in_time(listing::list(self, filter, page, now))
            .await
            .map_err(failed)
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        let next = |state: &PollState| match state.apply_change(change, now) {
            Err(refusal) => Next::stays(ChangeOutcome::Refused(refusal)),
            Ok(None) => Next::stays(ChangeOutcome::Unchanged(Box::new(state.clone()))),
            Ok(Some(changed)) => Next {
                state: Some(changed.clone()),
                answer: ChangeOutcome::Changed(Box::new(changed)),
            },
        };
        self.announced(id, lifecycle::transform(self, id, next).boxed())
            .await
    }

    async fn seal_poll(
        &self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> Result<SealOutcome, StoreError> {
        let next = |state: &PollState| match state.seal(cause, now) {
            Some(sealed) => Next {
                answer: SealOutcome::Sealed(sealed.tally.clone()),
                state: Some(sealed),
            },
            None if state.poll.is_sealed() => Next::stays(SealOutcome::Sealed(state.tally.clone())),
            None => Next::stays(SealOutcome::NotDue),
        };
        self.announced(id, lifecycle::transform(self, id, next).boxed())
            .await
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        let deleting = async {
            let announcement = Announcement::make(&self.redis, id).await?;
            lifecycle::delete(self, id).await?;
            Ok(announcement)
        };
        let announcement = in_time(deleting).await.map_err(failed)?;
        listing::leave_announced(self, announcement).await;
        Ok(())
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        cast::cast(self, ballots, now).await
    }

    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
        read::ballots_of(self, poll, voters).await.map_err(failed)
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        let states = read::states(self, polls).await.map_err(failed)?;
        Ok(states.into_iter().map(|state| Some(state?.tally)).collect())
    }

    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
        ballot_pages::ballots(self, poll).map_err(failed).boxed()
    }

    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        recount::audit(self, id).await.map_err(failed)
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        recount::repair(self, id).await.map_err(failed)
    }
}

#[async_trait]
impl InviteStore for RedisStore {
    async fn invite(
        &self,
        poll: PollId,
        voters: &[VoterId],
        most: u64,
    ) -> Result<InviteOutcome, StoreError> {
        invites::invite(self, poll, voters, most)
            .await
            .map_err(failed)
    }

    async fn invited(&self, poll: PollId, voters: &[VoterId]) -> Result<Vec<bool>, StoreError> {
        invites::invited(self, poll, voters).await.map_err(failed)
    }
}

fn failed(fault: Fault) -> StoreError {
    fault.into_store_error()
}

impl RedisStore {
    /// Does something that the listings must follow.
    async fn announced<T>(
        &self,
        id: PollId,
        change: BoxFuture<'_, Result<T, Fault>>,
    ) -> Result<T, StoreError> {
        let announced = async {
            let announcement = Announcement::make(&self.redis, id).await?;
            Ok((announcement, change.await))
        };
        let (announcement, done) = in_time(announced).await.map_err(failed)?;
        let done = done.map_err(failed);
        // Whether it happened is not known then, and whoever lists polls next sees to it.
        if !done.as_ref().is_err_and(StoreError::is_transient) {
            listing::follow(self, announcement).await;
        }
        done
    }
}
