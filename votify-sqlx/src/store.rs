//! The store itself, the same on every database.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use votify_core::backend::group_by_poll;
use votify_core::ballot::ActiveBallot;
use votify_core::poll::{PollState, SealCause};
use votify_core::store::{Audit, ChangeOutcome, PollFilter, SealOutcome, Store};
use votify_core::{
    Ballot, BatchReceipt, Page, PageRequest, Poll, PollChange, PollId, StoreError, Tally,
    Timestamp, VoterId,
};

use crate::dialect::{Dialect, Recount};
use crate::error::Error;
use crate::invites::dialect::InviteDialect;
use crate::listing::Listing;
use crate::newcomers::Newcomers;
use crate::schema::Schema;
use crate::{batch, lifecycle, pages, read, retry};
use votify_core::store::Durability;

/// A [`Store`] in a SQL database: `SqliteStore`, `PostgresStore` or `MySqlStore`.
///
/// The tables may be in the same database as the host's own tables. The store is also an
/// [`AccountStore`](votify_core::AccountStore), for hosts without users of their own.
///
/// Clones share connections. Several processes may use one database; the contract of
/// [`Store`] holds across them.
///
/// # Retries
///
/// Transient failures are retried for up to 3 seconds with exponential backoff and
/// jitter: deadlocks, lock timeouts, and connections lost before the commit. A connection
/// lost *during* the commit returns [`Unavailable`](StoreError::Unavailable): the ballots
/// may be counted, and casting the same ballots again settles it.
///
/// PostgreSQL writes most batches with one statement that is its own commit. The store
/// then casts the same ballots again itself, and ballots that were counted return
/// [`Replayed`](votify_core::Outcome::Replayed).
///
/// # Cache
///
/// Up to 16 MiB of poll states are cached. A cached state is used only if the database
/// still has the poll at the same position.
#[derive(Clone)]
pub struct SqlStore<D> {
    database: D,
    /// Whether the tables were seen to be those of this version.
    ready: Arc<AtomicBool>,
    newcomers: Arc<Newcomers>,
}

impl<D: fmt::Debug> fmt::Debug for SqlStore<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.database.fmt(f)
    }
}

#[expect(
    private_bounds,
    reason = "what a database has to supply is nobody else's business"
)]
impl<D: Dialect> SqlStore<D> {
    pub(crate) async fn new(database: Result<D, Error>) -> Result<Self, StoreError> {
        let this = Self {
            database: database.map_err(failed::<D>)?,
            ready: Arc::default(),
            newcomers: Arc::default(),
        };
        this.look().await.map_err(failed::<D>)?;
        Ok(this)
    }

    /// Creates or updates the tables. All their names start with `votify_`.
    ///
    /// Call this at every start: it does nothing if the tables are current, and several
    /// processes may call it at once. The previous version of this library can use the
    /// updated tables.
    ///
    /// # Errors
    ///
    /// - [`StoreError::Unavailable`]: the database cannot be reached, or another process
    ///   is migrating; retry later.
    /// - [`StoreError::Failed`]: a newer version of this library has migrated the
    ///   database, or there are tables with these names that Votify did not create.
    ///   Update this library, or use another schema or database.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let migrated = async {
            if self.look().await? != Schema::Current {
                self.database.migrate().await?;
                self.look().await?;
            }
            Ok(())
        };
        migrated.await.map_err(failed::<D>)
    }

    /// Returns true if the tables exist and are current, so that
    /// [`migrate`](Self::migrate) has nothing to do.
    ///
    /// # Errors
    ///
    /// As for [`migrate`](Self::migrate).
    pub async fn is_migrated(&self) -> Result<bool, StoreError> {
        let schema = self.look().await.map_err(failed::<D>)?;
        Ok(schema == Schema::Current)
    }

    /// Returns which failures acknowledged votes survive, according to the database's
    /// settings when this store was opened.
    #[must_use]
    pub fn durability(&self) -> Durability {
        self.database.durability()
    }

    /// Closes the store's connections after their current calls. Later calls return
    /// [`StoreError::Unavailable`]. A host's pool stays open.
    pub async fn close(&self) {
        self.database.close().await;
    }

    async fn look(&self) -> Result<Schema, Error> {
        let found = retry::on_conflict(|| self.database.found()).await?;
        let schema = found.judge()?;
        if schema == Schema::Current {
            self.ready.store(true, Ordering::Relaxed);
        }
        Ok(schema)
    }

    /// The database, once its tables are known to be there; fails clearly where they are
    /// not.
    pub(crate) async fn ready(&self) -> Result<&D, Error> {
        if self.ready.load(Ordering::Relaxed) || self.look().await? == Schema::Current {
            Ok(&self.database)
        } else {
            Err(Error::NotMigrated)
        }
    }

    async fn states(&self, ids: &[PollId]) -> Result<Vec<Option<PollState>>, StoreError> {
        let read = async {
            let database = self.ready().await?;
            let found = retry::on_conflict(|| database.polls(ids)).await?;
            let mut states = HashMap::new();
            for (id, state) in found {
                states.insert(id, state?);
            }
            Ok(ids.iter().map(|id| states.get(id).cloned()).collect())
        };
        read.await.map_err(failed::<D>)
    }
}

pub(crate) fn failed<D: Dialect>(error: Error) -> StoreError {
    error.into_store_error(D::NAME)
}

#[async_trait]
impl<D: InviteDialect> Store for SqlStore<D> {
    fn backend(&self) -> &'static str {
        D::NAME
    }

    fn invites(&self) -> Option<&dyn votify_core::InviteStore> {
        Some(self)
    }

    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        let state = PollState::new(poll.clone());
        let created = async { lifecycle::create(self.ready().await?, &state).await };
        created.await.map_err(failed::<D>)
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        let states = self.states(ids).await?;
        Ok(states.into_iter().map(|state| Some(state?.poll)).collect())
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<Poll>, StoreError> {
        let listing = Listing::new(filter, now);
        let listed = async {
            let database = self.ready().await?;
            retry::on_conflict(|| database.list(&listing, page)).await
        };
        let polls = listed.await.map_err(failed::<D>)?;
        Ok(polls.map(|state| state.poll))
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        let changed = async { lifecycle::change(self.ready().await?, id, change, now).await };
        changed.await.map_err(failed::<D>)
    }

    async fn seal_poll(
        &self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> Result<SealOutcome, StoreError> {
        let sealed = async { lifecycle::seal(self.ready().await?, id, cause, now).await };
        sealed.await.map_err(failed::<D>)
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        let deleted = async { lifecycle::delete(self.ready().await?, id).await };
        deleted.await.map_err(failed::<D>)
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        match self.ready().await {
            Ok(database) => batch::cast(database, &self.newcomers, ballots, now).await,
            Err(error) => {
                let error = failed::<D>(error);
                let mut receipt = BatchReceipt::unknown_polls(ballots.len());
                group_by_poll(ballots)
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
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
        let read = async {
            let database = self.ready().await?;
            retry::on_conflict(|| database.votes_of(poll, voters)).await
        };
        let votes = read.await.map_err(failed::<D>)?;
        Ok(read::in_order_of(voters, votes))
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        let states = self.states(polls).await?;
        Ok(states.into_iter().map(|state| Some(state?.tally)).collect())
    }

    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
        stream::once(self.ready())
            .map_ok(move |database| pages::ballots(database, poll))
            .try_flatten()
            .map_err(failed::<D>)
            .boxed()
    }

    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        let recounted = async {
            let database = self.ready().await?;
            let recount = retry::on_conflict(|| database.recount(id)).await?;
            let Recount { state, choices } = recount.ok_or(Error::PollNotFound(id))?;
            let stored = state.tally;
            let recounted =
                stored.recounted_by_choice(choices.iter().map(|(choice, n)| (choice, *n)));
            Ok(Audit { stored, recounted })
        };
        recounted.await.map_err(failed::<D>)
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        let repaired = async { lifecycle::repair(self.ready().await?, id).await };
        repaired.await.map_err(failed::<D>)
    }
}
