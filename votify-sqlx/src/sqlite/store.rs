use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use sqlx::sqlite::SqlitePool;
use votify_core::ballot::{StandingBallot, parts};
use votify_core::poll::{PollState, SealCause};
use votify_core::store::{Audit, Changing, PollFilter, Sealing, Store};
use votify_core::{
    Ballot, BatchReceipt, Page, PageRequest, Poll, PollChange, PollId, StoreError, Tally,
    Timestamp, VoterId,
};

use super::connect::Pools;
use super::listing::Listing;
use super::open::Open;
use super::schema::{self, Schema};
use super::{NAME, audit, pages, read};
use crate::durability::Durability;
use crate::error::Error;
use crate::{batch, lifecycle, retry};

/// A [`Store`] in a SQLite file, whose tables may stand beside a host's own.
///
/// Clones share the same connections. Several processes may use one file on one machine; every law holds across them.
#[derive(Clone)]
pub struct SqliteStore {
    pools: Pools,
    /// Whether the tables were seen to be those of this version.
    ready: Arc<AtomicBool>,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("durability", &self.pools.durability)
            .finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the database of a URL such as `sqlite://votify.db?mode=rwc`, with connections of its own.
    ///
    /// The path is relative to the current folder; `sqlite:///var/lib/votify.db` is absolute. Without `mode=rwc` the file
    /// must exist. The database is switched to write-ahead logging, and every commit is on disk when it is acknowledged.
    /// `sqlite::memory:` is a new database that ends with this store and its clones.
    ///
    /// # Errors
    /// If the URL makes no sense, or the file cannot be opened, is no SQLite database, or was migrated by a newer version
    /// of this library. The sources of the error name the file.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::new(Pools::open(url).await).await
    }

    /// Uses a pool of the host's, as the host has set it up.
    ///
    /// A warning is logged where that makes acknowledged votes less than safe from a loss of power; see
    /// [`durability`](Self::durability). Votes want `journal_mode=WAL` and `synchronous=FULL`. The pool of a database in
    /// memory must hold one connection only.
    ///
    /// # Errors
    /// If the database cannot be read, is in memory with several connections, or was migrated by a newer version.
    pub async fn from_pool(pool: SqlitePool) -> Result<Self, StoreError> {
        Self::new(Pools::of_host(pool).await).await
    }

    async fn new(pools: Result<Pools, Error>) -> Result<Self, StoreError> {
        let this = Self {
            pools: pools.map_err(failed)?,
            ready: Arc::default(),
        };
        this.look().await.map_err(failed)?;
        Ok(this)
    }

    /// Makes or updates the tables, all of whose names begin with `votify_`.
    ///
    /// To be called at every start: where there is nothing to do it does nothing, and several processes may call it at
    /// once. It happens entirely or not at all.
    ///
    /// # Errors
    /// If the database is not available, was migrated by a newer version, or has tables of these names that are not
    /// Votify's.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let migrated = async {
            if self.look().await? != Schema::Current {
                schema::migrate(&self.pools.writer).await?;
                self.look().await?;
            }
            Ok(())
        };
        migrated.await.map_err(failed)
    }

    /// What an acknowledged vote survives, as the database was set up when this store was made.
    #[must_use]
    pub const fn durability(&self) -> Durability {
        self.pools.durability
    }

    /// Closes the connections after what they are doing; what is asked later fails. A host's pool is left open.
    pub async fn close(&self) {
        if self.pools.own {
            self.pools.readers.close().await;
            self.pools.writer.close().await;
        }
    }

    async fn look(&self) -> Result<Schema, Error> {
        let schema = retry::on_conflict(async || {
            let mut connection = self.pools.readers.acquire().await?;
            schema::look(&mut connection).await
        })
        .await?;
        if schema == Schema::Current {
            self.ready.store(true, Ordering::Relaxed);
        }
        Ok(schema)
    }

    /// Fails clearly where the tables are not there.
    async fn check_ready(&self) -> Result<(), Error> {
        if self.ready.load(Ordering::Relaxed) || self.look().await? == Schema::Current {
            Ok(())
        } else {
            Err(Error::NotMigrated)
        }
    }

    /// The connection to write on, once the tables are known to be there.
    pub(super) async fn writer(&self) -> Result<&SqlitePool, StoreError> {
        self.check_ready().await.map_err(failed)?;
        Ok(&self.pools.writer)
    }

    /// A transaction that only reads, so that all it reads is of one moment.
    async fn snapshot(&self) -> Result<Open, Error> {
        self.check_ready().await?;
        Open::begin(&self.pools.readers, "BEGIN").await
    }

    async fn list(&self, listing: &Listing, page: &PageRequest) -> Result<Page<PollState>, Error> {
        let mut open = self.snapshot().await?;
        let read = listing.read(open.connection()?, page).await;
        open.rollback().await;
        read
    }

    async fn audit(&self, id: PollId) -> Result<Audit, Error> {
        let mut open = self.snapshot().await?;
        let read = audit::of(open.connection()?, id).await;
        open.rollback().await;
        read
    }

    async fn states(&self, ids: &[PollId]) -> Result<Vec<Option<PollState>>, Error> {
        self.check_ready().await?;
        let found = retry::on_conflict(async || {
            let mut connection = self.pools.readers.acquire().await?;
            read::polls(&mut connection, ids).await
        })
        .await?;
        let mut states = HashMap::new();
        for (id, state) in found {
            states.insert(id, state?);
        }
        Ok(ids.iter().map(|id| states.get(id).cloned()).collect())
    }
}

fn failed(error: Error) -> StoreError {
    error.into_store_error(NAME)
}

#[async_trait]
impl Store for SqliteStore {
    fn backend(&self) -> &'static str {
        NAME
    }

    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        let state = PollState::new(poll.clone());
        lifecycle::create(self.writer().await?, &state)
            .await
            .map_err(failed)
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        let states = self.states(ids).await.map_err(failed)?;
        Ok(states.into_iter().map(|state| Some(state?.poll)).collect())
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<Poll>, StoreError> {
        let listing = Listing::new(filter, now);
        let polls = retry::on_conflict(|| self.list(&listing, page))
            .await
            .map_err(failed)?;
        Ok(polls.map(|state| state.poll))
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<Changing, StoreError> {
        lifecycle::change(self.writer().await?, id, change, now)
            .await
            .map_err(failed)
    }

    async fn seal_poll(
        &self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> Result<Sealing, StoreError> {
        lifecycle::seal(self.writer().await?, id, cause, now)
            .await
            .map_err(failed)
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        lifecycle::delete(self.writer().await?, id)
            .await
            .map_err(failed)
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        match self.writer().await {
            Ok(writer) => batch::cast(writer, ballots, now).await,
            Err(error) => {
                let mut receipt = BatchReceipt::unknown_polls(ballots.len());
                parts(ballots)
                    .iter()
                    .for_each(|part| receipt.fail(part, &error));
                receipt
            }
        }
    }

    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<StandingBallot>>, StoreError> {
        let read = async || {
            self.check_ready().await?;
            let mut connection = self.pools.readers.acquire().await?;
            read::votes_of(&mut connection, poll, voters).await
        };
        let votes = retry::on_conflict(read).await.map_err(failed)?;
        let votes: HashMap<_, _> = votes
            .into_iter()
            .map(|vote| (vote.ballot.voter, vote))
            .collect();
        Ok(voters
            .iter()
            .map(|voter| votes.get(voter).cloned())
            .collect())
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        let states = self.states(polls).await.map_err(failed)?;
        Ok(states.into_iter().map(|state| Some(state?.tally)).collect())
    }

    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<StandingBallot, StoreError>> {
        stream::once(async { self.check_ready().await })
            .map_ok(move |()| pages::ballots(&self.pools.readers, poll))
            .try_flatten()
            .map_err(failed)
            .boxed()
    }

    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        retry::on_conflict(|| self.audit(id)).await.map_err(failed)
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        lifecycle::repair(self.writer().await?, id)
            .await
            .map_err(failed)
    }
}
