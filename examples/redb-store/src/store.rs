mod address_usage;
mod cast;
mod claims;
mod delete;
mod join_codes;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use redb::{Database, ReadableDatabase};
use votify_core::ballot::{ActiveBallot, BatchReceipt};
use votify_core::poll::{PollState, SealCause};
use votify_core::store::{Audit, ChangeOutcome, PollCount, PollFilter, SealOutcome};
use votify_core::{
    Ballot, BallotId, JoinCode, OwnerId, Page, PageRequest, Poll, PollChange, PollId, Store,
    StoreError, Tally, Timestamp, VoterId,
};

use crate::rows::{
    BACKEND, CLAIMS, JOIN_CODES, POLLS, SUPERSEDED, VOTES, VOTES_BY_REVISION, active_ballots,
    all_states, decode_vote, encode_state, state_of, store_error, voter,
};

/// Ballots per read transaction of `Store::ballots`. A short transaction does not keep
/// redb from reusing freed pages.
const PAGE: usize = 1000;

/// A store in one file.
///
/// Acknowledged votes survive a crash: redb syncs the file on every commit.
#[derive(Debug, Clone)]
pub struct RedbStore {
    database: Arc<Database>,
}

impl RedbStore {
    /// Opens the file. Creates it if it does not exist.
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`] if the file cannot be read or written, or another
    ///   process has opened it. Retrying is safe.
    /// - [`StoreError::Corrupt`] if the file is damaged.
    /// - [`StoreError::Failed`] for any other error of redb.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let database = Database::create(path).map_err(store_error)?;
        let transaction = database.begin_write().map_err(store_error)?;
        transaction.open_table(POLLS).map_err(store_error)?;
        transaction.open_table(VOTES).map_err(store_error)?;
        transaction
            .open_table(VOTES_BY_REVISION)
            .map_err(store_error)?;
        transaction.open_table(SUPERSEDED).map_err(store_error)?;
        transaction.open_table(JOIN_CODES).map_err(store_error)?;
        transaction.open_table(CLAIMS).map_err(store_error)?;
        transaction.commit().map_err(store_error)?;
        Ok(Self {
            database: Arc::new(database),
        })
    }

    /// Runs `work` on the blocking thread pool: redb does synchronous I/O.
    ///
    /// If the caller drops the future, `work` still runs to its end.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let database = Arc::clone(&self.database);
        let result = tokio::task::spawn_blocking(move || work(&database)).await;
        result.unwrap_or_else(|panic| Err(StoreError::failed(BACKEND, panic)))
    }

    /// Reads the state of a poll, applies `next`, and writes the new state in one write
    /// transaction. Commits nothing, and so waits for no disk, without a new state.
    async fn update_state<T: Send + 'static>(
        &self,
        id: PollId,
        next: impl FnOnce(&Database, PollState) -> Result<(Option<PollState>, T), StoreError>
        + Send
        + 'static,
    ) -> Result<T, StoreError> {
        self.blocking(move |database| {
            let transaction = database.begin_write().map_err(store_error)?;
            let answer = {
                let mut polls = transaction.open_table(POLLS).map_err(store_error)?;
                let state = state_of(&polls, id)?.ok_or(StoreError::PollNotFound(id))?;
                let (state, answer) = next(database, state)?;
                let Some(state) = state else {
                    return Ok(answer);
                };
                polls
                    .insert(id.as_bytes(), &*encode_state(&state)?)
                    .map_err(store_error)?;
                answer
            };
            transaction.commit().map_err(store_error)?;
            Ok(answer)
        })
        .await
    }

    async fn states(&self, ids: &[PollId]) -> Result<Vec<Option<PollState>>, StoreError> {
        let ids = ids.to_vec();
        self.blocking(move |database| {
            let polls = database
                .begin_read()
                .map_err(store_error)?
                .open_table(POLLS)
                .map_err(store_error)?;
            ids.iter().map(|id| state_of(&polls, *id)).collect()
        })
        .await
    }
}

/// Returns the committed active ballots of a poll. While the caller holds the write
/// transaction, no newer ones exist.
fn committed_ballots(database: &Database, poll: &Poll) -> Result<Vec<ActiveBallot>, StoreError> {
    let votes = database
        .begin_read()
        .map_err(store_error)?
        .open_table(VOTES)
        .map_err(store_error)?;
    active_ballots(&votes, poll)
}

/// Returns up to [`PAGE`] active ballots with a revision in `after + 1..=end`, by
/// revision.
fn page(
    database: &Database,
    poll: PollId,
    after: u64,
    end: u64,
) -> Result<Vec<ActiveBallot>, StoreError> {
    let snapshot = database.begin_read().map_err(store_error)?;
    let polls = snapshot.open_table(POLLS).map_err(store_error)?;
    let Some(PollState { poll, .. }) = state_of(&polls, poll)? else {
        return Ok(Vec::new());
    };
    let (order, votes) = (
        snapshot
            .open_table(VOTES_BY_REVISION)
            .map_err(store_error)?,
        snapshot.open_table(VOTES).map_err(store_error)?,
    );
    let id = *poll.id.as_bytes();
    let range = (id, after.saturating_add(1))..=(id, end);
    let mut page = Vec::new();
    for row in order.range(range).map_err(store_error)?.take(PAGE) {
        let voter = voter(row.map_err(store_error)?.1.value())?;
        if let Some(vote) = votes.get((id, *voter.as_bytes())).map_err(store_error)? {
            page.push(decode_vote(&poll, voter, &vote.value())?);
        }
    }
    Ok(page)
}

#[async_trait]
impl Store for RedbStore {
    fn backend(&self) -> &'static str {
        BACKEND
    }

    fn invites(&self) -> Option<&dyn votify_core::InviteStore> {
        None
    }

    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        let poll = poll.clone();
        self.blocking(move |database| {
            let transaction = database.begin_write().map_err(store_error)?;
            {
                let mut polls = transaction.open_table(POLLS).map_err(store_error)?;
                if state_of(&polls, poll.id)?.is_some() {
                    return Err(StoreError::PollExists(poll.id));
                }
                join_codes::take(&transaction, &polls, &poll)?;
                let id = *poll.id.as_bytes();
                let row = encode_state(&PollState::new(poll))?;
                polls.insert(id, &*row).map_err(store_error)?;
            }
            transaction.commit().map_err(store_error)
        })
        .await
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        Ok(self
            .states(ids)
            .await?
            .into_iter()
            .map(|state| state.map(|state| state.poll))
            .collect())
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<PollState>, StoreError> {
        let (filter, page) = (filter.clone(), *page);
        self.blocking(move |database| Ok(filter.paginate(all_states(database)?, &page, now)))
            .await
    }

    async fn count_polls(
        &self,
        filter: &PollFilter,
        now: Timestamp,
    ) -> Result<PollCount, StoreError> {
        let filter = filter.clone();
        self.blocking(move |database| Ok(filter.count(&all_states(database)?, now)))
            .await
    }

    async fn count_session_polls(&self, max: u64) -> Result<u64, StoreError> {
        self.blocking(move |database| {
            let states = all_states(database)?;
            let sessions = states.iter().filter(|state| state.poll.is_of_session());
            Ok(u64::try_from(sessions.count()).unwrap_or(u64::MAX).min(max))
        })
        .await
    }

    async fn poll_by_join_code(
        &self,
        code: &JoinCode,
        now: Timestamp,
    ) -> Result<Option<PollId>, StoreError> {
        let code = *code;
        self.blocking(move |database| join_codes::find(database, code, now))
            .await
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        let change = change.clone();
        self.update_state(id, move |_, state| {
            Ok(match state.apply_change(&change, now) {
                Err(refusal) => (None, ChangeOutcome::Refused(refusal)),
                Ok(None) => (None, ChangeOutcome::Unchanged(Box::new(state))),
                Ok(Some(state)) => (Some(state.clone()), ChangeOutcome::Changed(Box::new(state))),
            })
        })
        .await
    }

    /// Seals each poll in a separate transaction, so that an error affects one poll.
    async fn seal_polls(
        &self,
        ids: &[PollId],
        cause: SealCause,
        now: Timestamp,
    ) -> Vec<Result<SealOutcome, StoreError>> {
        let mut outcomes = Vec::with_capacity(ids.len());
        for id in ids {
            let seal = self.update_state(*id, move |_, state| {
                Ok(match state.seal(cause, now) {
                    Some(sealed) => (Some(sealed.clone()), SealOutcome::Sealed(sealed.tally)),
                    None if state.poll.is_sealed() => (None, SealOutcome::Sealed(state.tally)),
                    None => (None, SealOutcome::NotDue),
                })
            });
            outcomes.push(seal.await);
        }
        outcomes
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        self.blocking(move |database| delete::delete_if(database, id, |_| true).map(drop))
            .await
    }

    async fn delete_unused_poll(&self, id: PollId) -> Result<bool, StoreError> {
        let is_unused = |state: &PollState| !state.tally.ever_had_ballots();
        self.blocking(move |database| delete::delete_if(database, id, is_unused))
            .await
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        cast::cast(self, ballots, now).await
    }

    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
        let voters = voters.to_vec();
        self.blocking(move |database| {
            let snapshot = database.begin_read().map_err(store_error)?;
            let polls = snapshot.open_table(POLLS).map_err(store_error)?;
            let Some(PollState { poll, .. }) = state_of(&polls, poll)? else {
                return Ok(vec![None; voters.len()]);
            };
            let votes = snapshot.open_table(VOTES).map_err(store_error)?;
            let of = |voter: &VoterId| {
                let row = votes
                    .get((*poll.id.as_bytes(), *voter.as_bytes()))
                    .map_err(store_error)?;
                row.map(|row| decode_vote(&poll, *voter, &row.value()))
                    .transpose()
            };
            voters.iter().map(of).collect()
        })
        .await
    }

    async fn accepted(
        &self,
        poll: PollId,
        ballots: &[(VoterId, BallotId)],
    ) -> Result<Vec<bool>, StoreError> {
        let ballots = ballots.to_vec();
        self.blocking(move |database| {
            let snapshot = database.begin_read().map_err(store_error)?;
            let votes = snapshot.open_table(VOTES).map_err(store_error)?;
            let superseded = snapshot.open_table(SUPERSEDED).map_err(store_error)?;
            let accepted = |(voter, ballot): &(VoterId, BallotId)| {
                let (poll, voter) = (*poll.as_bytes(), *voter.as_bytes());
                let active = votes.get((poll, voter)).map_err(store_error)?;
                if active.is_some_and(|active| active.value().0 == *ballot.as_bytes()) {
                    return Ok(true);
                }
                let old = superseded.get((poll, voter, *ballot.as_bytes()));
                Ok(old.map_err(store_error)?.is_some())
            };
            ballots.iter().map(accepted).collect()
        })
        .await
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        Ok(self
            .states(polls)
            .await?
            .into_iter()
            .map(|state| state.map(|state| state.tally))
            .collect())
    }

    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
        // Each page has its own snapshot, and the stream ends at the revision of its
        // start. A ballot that is replaced meanwhile gets a later revision, so no voter
        // appears twice.
        let start = async move { Ok(self.states(&[poll]).await?.pop().flatten()) };
        stream::once(start)
            .map_ok(move |state: Option<PollState>| {
                let end = state.map_or(0, |state| state.tally.position.revision);
                stream::try_unfold(0, move |after| async move {
                    let page = self
                        .blocking(move |database| page(database, poll, after, end))
                        .await?;
                    let last = page.last().map(|ballot| ballot.revision);
                    Ok::<_, StoreError>(
                        last.map(|last| (stream::iter(page.into_iter().map(Ok)), last)),
                    )
                })
                .try_flatten()
            })
            .try_flatten()
            .boxed()
    }

    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        self.blocking(move |database| {
            let snapshot = database.begin_read().map_err(store_error)?;
            let polls = snapshot.open_table(POLLS).map_err(store_error)?;
            let state = state_of(&polls, id)?.ok_or(StoreError::PollNotFound(id))?;
            let votes = snapshot.open_table(VOTES).map_err(store_error)?;
            let ballots = active_ballots(&votes, &state.poll)?;
            Ok(Audit {
                recounted: state.tally.recounted(&ballots),
                stored: state.tally,
            })
        })
        .await
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        self.update_state(id, |database, state| {
            let repaired = state.recount(&committed_ballots(database, &state.poll)?);
            let tally = repaired.tally.clone();
            Ok((Some(repaired), tally))
        })
        .await
    }

    async fn claim_owner(&self, account: OwnerId, session: OwnerId) -> Result<bool, StoreError> {
        self.blocking(move |database| claims::add(database, account, session))
            .await
    }

    async fn claimed_owners(&self, accounts: &[OwnerId]) -> Result<Vec<OwnerId>, StoreError> {
        let accounts = accounts.to_vec();
        self.blocking(move |database| claims::of(database, &accounts))
            .await
    }

    async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }
}
