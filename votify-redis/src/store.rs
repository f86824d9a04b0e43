mod ballot_pages;
mod cas;
mod cast;
mod claims;
mod error;
mod invites;
mod join_codes;
mod keys;
mod lifecycle;
mod listing;
mod poll_read;
mod read;
mod record;
mod recount;
mod scripts;

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use tokio::time::Instant;
use votify_core::backend::LogThrottle;
use votify_core::ballot::ActiveBallot;
use votify_core::poll::{PollState, SealCause};
use votify_core::store::{
    Audit, ChangeOutcome, Durability, InviteOutcome, InviteStore, PollCount, PollFilter,
    SealOutcome,
};
use votify_core::{
    Ballot, BallotId, BatchReceipt, JoinCode, OwnerId, Page, PageRequest, Poll, PollChange, PollId,
    Store, StoreError, Tally, Timestamp, VoterId,
};

use crate::connect::Redis;
use crate::durability;
use crate::error::NAME;
use cas::{PollLocks, with_timeout};
use error::Error;
use lifecycle::Transition;
use listing::{DirtyScores, IndexIntents};

/// A [`Store`] in Redis 7 or newer, or in Valkey, on one server or on a cluster.
///
/// Clones share their connections. Several processes may use the same server, and the
/// laws of [`Store`] hold across them. On a cluster, all keys of a poll are in one
/// cluster slot.
///
/// A batch is read, evaluated in this process, and written by one script per poll. The
/// script writes nothing if the poll changed after the read; the batch is then evaluated
/// again.
///
/// ```no_run
/// use votify_core::PollEngine;
/// use votify_redis::RedisStore;
///
/// # async fn run() -> Result<(), votify_core::StoreError> {
/// let store = RedisStore::connect("redis://localhost:6379").await?;
/// // Fails unless the server syncs every write to its append-only file.
/// let store = store.require_durable()?;
/// let engine = PollEngine::new(store);
/// # Ok(())
/// # }
/// ```
///
/// # Durability
///
/// The settings of the server decide what an acknowledged vote survives: see
/// [`durability`](Self::durability) and [`require_durable`](Self::require_durable).
///
/// After a restart or a failover, acknowledged writes may be missing. So each poll then
/// continues in a new epoch. No position is used twice, as long as the server's clock is
/// not set back.
///
/// # Costs
///
/// - A ballot takes about 200 bytes of memory, a replaced ballot another 150 bytes. One
///   call accepts at most 200 000 ballots for one poll.
/// - A batch takes two round trips for each of its polls. All polls run concurrently.
/// - Listings are sorted sets in a cluster slot of their own, about 2 KiB per poll: one
///   entry per order for its visibility, category, owner and external reference, and one
///   per word of its title. They follow edits immediately and votes within 1 s. If a
///   process is killed in between, the next call that lists polls repairs them.
/// - A page that no index answers alone scans the smallest fitting listings in reads of
///   1 000 polls. A search whose rarest word is in at most 10 000 titles reads those
///   polls instead. A scan ends after 100 000 polls: the page is then short, and its
///   cursor continues the scan. Counts by visibility, category, owner, status and seal
///   read no polls.
/// - Join codes and claims have keys of their own. On a cluster, a new poll reserves its
///   code first. If its process is killed before the poll is created, the code is free
///   again after 10 s.
/// - Audits and repairs read all ballots of a poll page by page while votes continue.
///   They hold one choice per voter in memory.
///
/// # Errors
///
/// A call takes at most 4 s. When ballots are streamed, this limit applies to each page.
///
/// A server whose memory is full returns [`StoreError::Unavailable`] for votes and new
/// polls. Polls can still be read, closed and deleted.
///
/// # Permissions
///
/// The connection's user needs access to all keys with the prefix. It needs `EVALSHA`,
/// `EVAL`, `INFO`, `TIME` and the commands on hashes, sets, sorted sets and strings.
/// Without `CONFIG`, the durability is unknown.
#[derive(Clone)]
pub struct RedisStore {
    redis: Redis,
    durability: Durability,
    locks: Arc<PollLocks>,
    /// Polls whose trending score changed, to be written to the listings.
    dirty_scores: Arc<DirtyScores>,
    /// The time of this process's last reindexing of pending polls.
    reindexed_at: Arc<Mutex<Option<Instant>>>,
    probe_log: Arc<LogThrottle>,
}

impl RedisStore {
    /// Connects to the server or cluster at `url`, like [`Redis::connect`].
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: the server did not answer in time. The caller may
    ///   retry.
    /// - [`StoreError::Failed`]: the URL is invalid, the server rejected the connection,
    ///   or the server would evict polls. Retrying does not help.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let redis = Redis::connect(url).await.map_err(|error| {
            if error.is_transient() {
                StoreError::unavailable(NAME, error)
            } else {
                StoreError::failed(NAME, error)
            }
        })?;
        Self::from_client(redis).await
    }

    /// Creates a store that uses the connections of `redis`. Reads the server's settings.
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: the server did not answer in time. The caller may
    ///   retry.
    /// - [`StoreError::Failed`]: the server would evict polls, because it has a
    ///   `maxmemory` and a `maxmemory-policy` of `allkeys-*`. Change the policy to
    ///   `noeviction`.
    pub async fn from_client(redis: Redis) -> Result<Self, StoreError> {
        let durability = durability::read(&redis)
            .await
            .map_err(|error| Error::from(error).into_store_error())?;
        if !durability.is_durable() {
            tracing::warn!(%durability, "Redis may lose acknowledged votes");
        }
        Ok(Self {
            redis,
            durability,
            locks: Arc::default(),
            dirty_scores: Arc::default(),
            reindexed_at: Arc::default(),
            probe_log: Arc::default(),
        })
    }

    /// Returns what an acknowledged vote survives, according to the server's settings
    /// when this store was created.
    #[must_use]
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// Returns this store if every acknowledged vote survives a crash and a loss of
    /// power.
    ///
    /// # Errors
    /// Returns [`StoreError::Failed`] with the actual durability otherwise. Set
    /// `appendonly yes` and `appendfsync always` on the server.
    pub fn require_durable(self) -> Result<Self, StoreError> {
        durability::require(self.durability)
            .map_err(|error| Error::from(error).into_store_error())?;
        Ok(self)
    }

    /// Schedules an update of the poll's trending score in the listings.
    fn mark_score_dirty(&self, poll: PollId) {
        self.dirty_scores.add(&self.redis, poll);
    }

    /// Runs a change of a poll, and updates the listings afterwards.
    ///
    /// The intent is written before the change, so that the listings are repaired even if
    /// this process is killed in between.
    async fn with_reindex<T>(
        &self,
        id: PollId,
        change: BoxFuture<'_, Result<T, Error>>,
    ) -> Result<T, StoreError> {
        let run = async {
            let intents = IndexIntents::write(&self.redis, &[id]).await?;
            Ok((intents, change.await))
        };
        let (intents, result) = with_timeout(run).await.map_err(into_store_error)?;
        let result = result.map_err(into_store_error);
        // After a transient error, the change may still happen. The intent stays, and the
        // next call that lists polls handles it.
        if !result.as_ref().is_err_and(StoreError::is_transient) {
            listing::reindex_after(self, intents).await;
        }
        result
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

    fn invites(&self) -> Option<&dyn InviteStore> {
        Some(self)
    }

    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        let state = PollState::new(poll.clone());
        self.with_reindex(poll.id, lifecycle::create(self, &state).boxed())
            .await
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        let states = read::states(self, ids).await.map_err(into_store_error)?;
        Ok(states.into_iter().map(|state| Some(state?.poll)).collect())
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<PollState>, StoreError> {
        with_timeout(listing::list(self, filter, page, now))
            .await
            .map_err(into_store_error)
    }

    async fn count_polls(
        &self,
        filter: &PollFilter,
        now: Timestamp,
    ) -> Result<PollCount, StoreError> {
        with_timeout(listing::count(self, filter, now))
            .await
            .map_err(into_store_error)
    }

    async fn count_session_polls(&self, max: u64) -> Result<u64, StoreError> {
        with_timeout(listing::count_session_polls(self, max))
            .await
            .map_err(into_store_error)
    }

    async fn poll_by_join_code(
        &self,
        code: &JoinCode,
        now: Timestamp,
    ) -> Result<Option<PollId>, StoreError> {
        with_timeout(join_codes::find(self, *code, now))
            .await
            .map_err(into_store_error)
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        let transition = |state: &PollState| match state.apply_change(change, now) {
            Err(refusal) => Transition::unchanged(ChangeOutcome::Refused(refusal)),
            Ok(None) => Transition::unchanged(ChangeOutcome::Unchanged(Box::new(state.clone()))),
            Ok(Some(changed)) => Transition {
                new_state: Some(changed.clone()),
                result: ChangeOutcome::Changed(Box::new(changed)),
            },
        };
        self.with_reindex(id, lifecycle::transform(self, id, transition).boxed())
            .await
    }

    async fn seal_polls(
        &self,
        ids: &[PollId],
        cause: SealCause,
        now: Timestamp,
    ) -> Vec<Result<SealOutcome, StoreError>> {
        lifecycle::seal(self, ids, cause, now).await
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        // On the heap, because the future is large.
        let delete = Box::pin(async {
            let intents = IndexIntents::write(&self.redis, &[id]).await?;
            lifecycle::delete(self, id).await?;
            Ok(intents)
        });
        let intents = with_timeout(delete).await.map_err(into_store_error)?;
        listing::reindex_deleted(self, intents).await;
        Ok(())
    }

    async fn delete_unused_poll(&self, id: PollId) -> Result<bool, StoreError> {
        let delete = Box::pin(async {
            let intents = IndexIntents::write(&self.redis, &[id]).await?;
            let deleted = lifecycle::delete_unused(self, id).await?;
            Ok((intents, deleted))
        });
        let (intents, deleted) = with_timeout(delete).await.map_err(into_store_error)?;
        if deleted {
            listing::reindex_deleted(self, intents).await;
        } else {
            listing::reindex_after(self, intents).await;
        }
        Ok(deleted)
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        cast::cast(self, ballots, now).await
    }

    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
        read::ballots_of(self, poll, voters)
            .await
            .map_err(into_store_error)
    }

    async fn accepted(
        &self,
        poll: PollId,
        ballots: &[(VoterId, BallotId)],
    ) -> Result<Vec<bool>, StoreError> {
        read::accepted(self, poll, ballots)
            .await
            .map_err(into_store_error)
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        let states = read::states(self, polls).await.map_err(into_store_error)?;
        Ok(states.into_iter().map(|state| Some(state?.tally)).collect())
    }

    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
        ballot_pages::ballots(self, poll)
            .map_err(into_store_error)
            .boxed()
    }

    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        recount::audit(self, id).await.map_err(into_store_error)
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        recount::repair(self, id).await.map_err(into_store_error)
    }

    async fn claim_owner(&self, account: OwnerId, session: OwnerId) -> Result<bool, StoreError> {
        claims::claim(self, account, session)
            .await
            .map_err(into_store_error)
    }

    async fn claimed_owners(&self, accounts: &[OwnerId]) -> Result<Vec<OwnerId>, StoreError> {
        claims::claimed(self, accounts)
            .await
            .map_err(into_store_error)
    }

    async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        let time = with_timeout(read::server_time(self)).await;
        time.map(Some).map_err(into_store_error)
    }

    /// Writes a key that expires, because reads succeed on a server that takes no writes:
    /// with full memory, with a full disk, or as a replica after a failover. On a cluster,
    /// this is a key of one node.
    async fn check_ready(&self) -> Result<(), StoreError> {
        let written = with_timeout(read::write_probe(self)).await;
        match &written {
            Ok(()) if self.probe_log.record_success() => {
                tracing::info!("Redis takes writes again");
            }
            Ok(()) => {}
            Err(error) => {
                if let Some(failures) = self.probe_log.record_failure() {
                    tracing::error!(
                        failures, %error,
                        "Redis takes no writes: check its memory (maxmemory), its disk, and that it is not a replica"
                    );
                }
            }
        }
        written.map_err(into_store_error)
    }
}

#[async_trait]
impl InviteStore for RedisStore {
    async fn invite(
        &self,
        poll: PollId,
        voters: &[VoterId],
        max: u64,
    ) -> Result<InviteOutcome, StoreError> {
        invites::invite(self, poll, voters, max)
            .await
            .map_err(into_store_error)
    }

    async fn invited(&self, poll: PollId, voters: &[VoterId]) -> Result<Vec<bool>, StoreError> {
        invites::invited(self, poll, voters)
            .await
            .map_err(into_store_error)
    }

    async fn count(&self, poll: PollId) -> Result<u64, StoreError> {
        invites::count(self, poll).await.map_err(into_store_error)
    }
}

fn into_store_error(error: Error) -> StoreError {
    error.into_store_error()
}
