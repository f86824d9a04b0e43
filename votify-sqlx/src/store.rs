mod observe;

use std::collections::HashMap;
use std::fmt;
use std::future::ready;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use votify_core::backend::group_by_poll;
use votify_core::ballot::ActiveBallot;
use votify_core::poll::{JoinCode, PollState, SealCause};
use votify_core::store::{
    Audit, ChangeOutcome, Durability, PollCount, PollFilter, SealOutcome, Store,
};
use votify_core::voter::OwnerId;
use votify_core::{
    Ballot, BallotId, BatchReceipt, Page, PageRequest, Poll, PollChange, PollId, StoreError, Tally,
    Timestamp, VoterId,
};

use crate::backend::{Backend, Call};
use crate::cast::FirstVoteHeuristic;
use crate::error::Error;
use crate::retry::retry_transient;
use crate::row_ext::RowExt;
use crate::row_set::{RowSet, poll_rows};
use crate::schema::Schema;
use crate::statement::Statement;
use crate::store_health::StoreHealth;
use crate::{
    accepted, ballot_stream, cast, decode, join_codes, lifecycle, listing, owner_claims, seal,
    tables_status,
};

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
/// # Changed and damaged databases
///
/// A call that does not find a table, column or unique key starts a check of the tables.
/// If one is missing, every call checks again and returns
/// [`Unavailable`](StoreError::Unavailable) until the tables are complete. A damaged SQLite
/// file stops the store: every later call returns `Unavailable`, until the file is opened
/// again.
///
/// # Long reads
///
/// Lists, counts, exports and audits have up to 3 connections of their own, or up to half
/// of a host's pool, so that votes do not wait for them. The database ends a statement
/// after 5 seconds, on SQLite all statements of the call together. The call then returns
/// [`Unavailable`](StoreError::Unavailable).
///
/// # Cache
///
/// A PostgreSQL or MySQL store with its own pool caches up to 16 MiB of poll states. A
/// cached state is used only if the database still has the poll at the same position.
/// SQLite and stores on a host's pool cache nothing.
#[derive(Clone)]
pub struct SqlStore<B> {
    backend: B,
    heuristic: Arc<FirstVoteHeuristic>,
    health: Arc<StoreHealth>,
}

impl<B: fmt::Debug> fmt::Debug for SqlStore<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.backend.fmt(f)
    }
}

#[expect(private_bounds, reason = "databases are added inside this crate")]
impl<B: Backend> SqlStore<B> {
    /// Creates a store and checks the tables, which may be missing.
    pub(crate) async fn new(backend: Result<B, Error>) -> Result<Self, StoreError> {
        let store = Self {
            backend: backend.map_err(store_error::<B>)?,
            heuristic: Arc::default(),
            health: Arc::default(),
        };
        store.check_schema().await.map_err(store_error::<B>)?;
        Ok(store)
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
    /// - [`StoreError::Corrupt`]: a table, column or unique key is missing although the
    ///   migrations have run; restore a backup.
    /// - [`StoreError::Failed`]: a newer version of this library has migrated the
    ///   database, or there are tables with these names that Votify did not create.
    ///   Update this library, or use another schema or database.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let migrated = async {
            if self.check_schema().await? != Schema::Current {
                retry_transient(|| self.backend.migrate()).await?;
                self.check_schema().await?;
            }
            Ok(())
        };
        migrated.await.map_err(store_error::<B>)
    }

    /// Returns true if the tables exist and are current, so that
    /// [`migrate`](Self::migrate) has nothing to do.
    ///
    /// # Errors
    ///
    /// As for [`migrate`](Self::migrate).
    pub async fn is_migrated(&self) -> Result<bool, StoreError> {
        let schema = self.check_schema().await.map_err(store_error::<B>)?;
        Ok(schema == Schema::Current)
    }

    /// Returns which failures acknowledged votes survive, according to the database's
    /// settings when this store was opened.
    #[must_use]
    pub fn durability(&self) -> Durability {
        self.backend.durability()
    }

    /// Closes the store's connections after their current calls. Later calls return
    /// [`StoreError::Unavailable`]. A host's pool stays open.
    pub async fn close(&self) {
        self.backend.close().await;
    }

    /// Returns the state of the tables.
    async fn check_schema(&self) -> Result<Schema, Error> {
        let schema = retry_transient(|| self.backend.schema()).await?.check()?;
        if schema == Schema::Current {
            self.health.tables.record_current();
        }
        Ok(schema)
    }

    async fn states(&self, ids: &[PollId]) -> Result<Vec<Option<PollState>>, StoreError> {
        let read = async {
            let backend = self.ready().await?;
            let call = || Call::Rows(Statement::ReadPolls, poll_rows(ids));
            let rows = retry_transient(|| backend.read(call())).await?;
            let mut states = HashMap::with_capacity(rows.len());
            for (id, state) in decode::polls(&rows)? {
                states.insert(id, state?);
            }
            Ok(in_order_of(ids, states))
        };
        self.call(read).await
    }
}

/// Returns the value of each id. Only the values of repeated ids are cloned.
fn in_order_of<K: Copy + Eq + Hash, V: Clone>(
    ids: &[K],
    mut values: HashMap<K, V>,
) -> Vec<Option<V>> {
    let mut uses: HashMap<K, usize> = HashMap::with_capacity(ids.len());
    for id in ids {
        *uses.entry(*id).or_default() += 1;
    }
    let value = |id: &K| match uses.get_mut(id) {
        Some(left @ 2..) => {
            *left -= 1;
            values.get(id).cloned()
        }
        _ => values.remove(id),
    };
    ids.iter().map(value).collect()
}

pub(crate) fn store_error<B: Backend>(error: Error) -> StoreError {
    error.into_store_error(B::NAME)
}

#[async_trait]
impl<B: Backend> Store for SqlStore<B> {
    fn backend(&self) -> &'static str {
        B::NAME
    }

    fn invites(&self) -> Option<&dyn votify_core::InviteStore> {
        Some(self)
    }

    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        let state = PollState::new(poll.clone());
        let created = async { lifecycle::create(self.ready().await?, &state).await };
        self.call(created).await
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
    ) -> Result<Page<PollState>, StoreError> {
        let listed = async {
            let backend = self.ready().await?;
            retry_transient(|| listing::list(backend, filter, page, now)).await
        };
        self.call(listed).await
    }

    async fn count_polls(
        &self,
        filter: &PollFilter,
        now: Timestamp,
    ) -> Result<PollCount, StoreError> {
        let counted = async {
            let backend = self.ready().await?;
            retry_transient(|| listing::count(backend, filter, now)).await
        };
        self.call(counted).await
    }

    async fn count_session_polls(&self, max: u64) -> Result<u64, StoreError> {
        let counted = async { lifecycle::count_session_polls(self.ready().await?, max).await };
        self.call(counted).await
    }

    async fn poll_by_join_code(
        &self,
        code: &JoinCode,
        now: Timestamp,
    ) -> Result<Option<PollId>, StoreError> {
        let found = async { join_codes::find(self.ready().await?, *code, now).await };
        self.call(found).await
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        let changed = async { lifecycle::change(self.ready().await?, id, change, now).await };
        self.call(changed).await
    }

    async fn seal_polls(
        &self,
        ids: &[PollId],
        cause: SealCause,
        now: Timestamp,
    ) -> Vec<Result<SealOutcome, StoreError>> {
        match self.ready().await {
            Ok(backend) => {
                let mut sealed = seal::seal(backend, ids, cause, now).await;
                self.examine_each(&mut sealed).await;
                sealed
            }
            Err(error) => {
                let error = store_error::<B>(error);
                ids.iter().map(|_| Err(error.clone())).collect()
            }
        }
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        let deleted = async { lifecycle::delete(self.ready().await?, id).await };
        self.call(deleted).await
    }

    async fn delete_unused_poll(&self, id: PollId) -> Result<bool, StoreError> {
        let deleted = async { lifecycle::delete_unused(self.ready().await?, id).await };
        self.call(deleted).await
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        match self.ready().await {
            Ok(backend) => {
                let mut receipt = cast::cast(backend, &self.heuristic, ballots, now).await;
                self.examine_each(&mut receipt.outcomes).await;
                receipt
            }
            Err(error) => {
                let error = store_error::<B>(error);
                let mut receipt = BatchReceipt::unknown_polls(ballots.len());
                group_by_poll(ballots)
                    .iter()
                    .for_each(|batch| receipt.fail(batch, &error));
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
            let backend = self.ready().await?;
            let rows = RowSet::builder(voters)
                .id(|_| poll.as_bytes())
                .id(|voter| voter.as_bytes())
                .build();
            let call = || Call::Rows(Statement::ReadVotes, rows.clone());
            let rows = retry_transient(|| backend.read(call())).await?;
            let Some(first) = rows.first() else {
                return Ok(vec![None; voters.len()]);
            };
            let codec = decode::choice_codec(poll, first.opt_text(5)?.as_deref())?;
            let mut votes = HashMap::new();
            for row in &rows {
                let vote = decode::vote(poll, &codec, row, 0)?;
                votes.insert(vote.ballot.voter, vote);
            }
            Ok(in_order_of(voters, votes))
        };
        self.call(read).await
    }

    async fn accepted(
        &self,
        poll: PollId,
        ballots: &[(VoterId, BallotId)],
    ) -> Result<Vec<bool>, StoreError> {
        let read = async { accepted::read(self.ready().await?, poll, ballots).await };
        self.call(read).await
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        let read = async {
            let backend = self.ready().await?;
            let call = || Call::Rows(Statement::ReadTallies, poll_rows(polls));
            let rows = retry_transient(|| backend.read(call())).await?;
            let mut tallies = HashMap::with_capacity(rows.len());
            for row in &rows {
                let tally = decode::tally(row)?;
                tallies.insert(tally.poll, tally);
            }
            Ok(in_order_of(polls, tallies))
        };
        self.call(read).await
    }

    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
        stream::once(self.ready())
            .map_ok(move |backend| ballot_stream::ballots(backend, poll))
            .try_flatten()
            .then(|ballot| self.call(ready(ballot)))
            .boxed()
    }

    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        let audit = async { lifecycle::audit(self.ready().await?, id).await };
        self.call(audit).await
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        let repaired = async { lifecycle::repair(self.ready().await?, id).await };
        self.call(repaired).await
    }

    async fn claim_owner(&self, account: OwnerId, session: OwnerId) -> Result<bool, StoreError> {
        let claimed = async { owner_claims::claim(self.ready().await?, account, session).await };
        self.call(claimed).await
    }

    async fn claimed_owners(&self, accounts: &[OwnerId]) -> Result<Vec<OwnerId>, StoreError> {
        let claimed = async { owner_claims::claimed(self.ready().await?, accounts).await };
        self.call(claimed).await
    }

    async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        let read = async {
            let backend = self.ready().await?;
            let call = || Call::Params(Statement::ReadServerTime, Vec::new());
            let rows = retry_transient(|| backend.read(call())).await?;
            let micros = rows.first().map(|row| row.opt_time(0)).transpose()?;
            Ok(micros
                .flatten()
                .and_then(|micros| Timestamp::from_micros(micros).ok()))
        };
        self.call(read).await
    }

    /// Reads, and checks the tables at most every 10 s. After a write that failed because
    /// the storage takes none, writes a probe instead, at most every 2 s.
    async fn check_ready(&self) -> Result<(), StoreError> {
        let writes = &self.health.writes;
        if !writes.has_failed() {
            self.polls(&[PollId::from_bytes([0; 16])]).await?;
            let since = Instant::now().checked_sub(tables_status::PROBE_INTERVAL);
            let checked = self.check_tables(since, false);
            return self.call(checked).await;
        }
        let probed = async {
            let backend = self.ready().await?;
            if !writes.should_probe(Instant::now()) {
                return Err(Error::Unwritable);
            }
            lifecycle::write_probe(backend).await
        };
        self.call(probed).await?;
        writes.record_success();
        Ok(())
    }
}
