mod casting;
mod places;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use redb::{Database, ReadableDatabase, ReadableTable};
use votify_core::ballot::{ActiveBallot, BatchReceipt};
use votify_core::poll::{PollState, SealCause};
use votify_core::store::{Audit, ChangeOutcome, PollFilter, SealOutcome};
use votify_core::{
    Ballot, Page, PageRequest, Poll, PollChange, PollId, Store, StoreError, Tally, Timestamp,
    VoterId,
};

use crate::rows::{
    BACKEND, ORDER, POLLS, SUPERSEDED, VOTES, decode_state, decode_vote, encode_state, failure,
    standing, state_of, voter,
};

/// How many ballots a stream reads at once.
const PAGE: usize = 1000;

/// A store in one file. An acknowledged vote is on disk: redb syncs the file at each commit.
#[derive(Debug, Clone)]
pub struct RedbStore {
    database: Arc<Database>,
}

impl RedbStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// If it cannot be opened or is no redb database.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let database = Database::create(path).map_err(failure)?;
        let transaction = database.begin_write().map_err(failure)?;
        transaction.open_table(POLLS).map_err(failure)?;
        transaction.open_table(VOTES).map_err(failure)?;
        transaction.open_table(ORDER).map_err(failure)?;
        transaction.open_table(SUPERSEDED).map_err(failure)?;
        transaction.commit().map_err(failure)?;
        Ok(Self {
            database: Arc::new(database),
        })
    }

    /// Does something with the database on a thread that may block. A call that is dropped meanwhile still ends.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let database = Arc::clone(&self.database);
        let done = tokio::task::spawn_blocking(move || work(&database)).await;
        done.unwrap_or_else(|panicked| Err(StoreError::failed(BACKEND, panicked)))
    }

    /// Reads a poll, has `next` say what becomes of it, and writes that: all under the lock.
    async fn transform<T: Send + 'static>(
        &self,
        id: PollId,
        next: impl FnOnce(&Database, PollState) -> Result<(Option<PollState>, T), StoreError>
        + Send
        + 'static,
    ) -> Result<T, StoreError> {
        self.blocking(move |database| {
            let transaction = database.begin_write().map_err(failure)?;
            let answer = {
                let mut polls = transaction.open_table(POLLS).map_err(failure)?;
                let state = state_of(&polls, id)?.ok_or(StoreError::PollNotFound(id))?;
                let (state, answer) = next(database, state)?;
                if let Some(state) = state {
                    polls
                        .insert(id.as_bytes(), encode_state(&state)?)
                        .map_err(failure)?;
                }
                answer
            };
            transaction.commit().map_err(failure)?;
            Ok(answer)
        })
        .await
    }

    async fn states(&self, ids: &[PollId]) -> Result<Vec<Option<PollState>>, StoreError> {
        let ids = ids.to_vec();
        self.blocking(move |database| {
            let polls = database
                .begin_read()
                .map_err(failure)?
                .open_table(POLLS)
                .map_err(failure)?;
            ids.iter().map(|id| state_of(&polls, *id)).collect()
        })
        .await
    }
}

/// The standing ballots of a poll as last committed; under the write lock these are the newest.
fn committed(database: &Database, poll: PollId) -> Result<Vec<ActiveBallot>, StoreError> {
    let votes = database
        .begin_read()
        .map_err(failure)?
        .open_table(VOTES)
        .map_err(failure)?;
    standing(&votes, poll)
}

/// The next standing ballots above a revision and up to another, in the order of their revisions.
fn page(
    database: &Database,
    poll: PollId,
    after: u64,
    end: u64,
) -> Result<Vec<ActiveBallot>, StoreError> {
    let snapshot = database.begin_read().map_err(failure)?;
    let (order, votes) = (
        snapshot.open_table(ORDER).map_err(failure)?,
        snapshot.open_table(VOTES).map_err(failure)?,
    );
    let range = (*poll.as_bytes(), after.saturating_add(1))..=(*poll.as_bytes(), end);
    let mut page = Vec::new();
    for row in order.range(range).map_err(failure)?.take(PAGE) {
        let voter = voter(row.map_err(failure)?.1.value())?;
        if let Some(vote) = votes
            .get((*poll.as_bytes(), *voter.as_bytes()))
            .map_err(failure)?
        {
            page.push(decode_vote(poll, voter, &vote.value())?);
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
        let (id, row) = (poll.id, encode_state(&PollState::new(poll.clone()))?);
        self.blocking(move |database| {
            let transaction = database.begin_write().map_err(failure)?;
            {
                let mut polls = transaction.open_table(POLLS).map_err(failure)?;
                if polls.get(id.as_bytes()).map_err(failure)?.is_some() {
                    return Err(StoreError::PollExists(id));
                }
                polls.insert(id.as_bytes(), row).map_err(failure)?;
            }
            transaction.commit().map_err(failure)
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
    ) -> Result<Page<Poll>, StoreError> {
        let (filter, page) = (filter.clone(), *page);
        self.blocking(move |database| {
            let polls = database
                .begin_read()
                .map_err(failure)?
                .open_table(POLLS)
                .map_err(failure)?;
            let states: Vec<PollState> = polls
                .iter()
                .map_err(failure)?
                .map(|row| {
                    row.map_err(failure)
                        .and_then(|(_, state)| decode_state(&state.value()))
                })
                .collect::<Result<_, _>>()?;
            Ok(filter.paginate(states, &page, now))
        })
        .await
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        let change = change.clone();
        self.transform(id, move |_, state| {
            Ok(match state.apply_change(&change, now) {
                Err(refusal) => (None, ChangeOutcome::Refused(refusal)),
                Ok(None) => (None, ChangeOutcome::Unchanged(Box::new(state))),
                Ok(Some(state)) => (Some(state.clone()), ChangeOutcome::Changed(Box::new(state))),
            })
        })
        .await
    }

    async fn seal_poll(
        &self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> Result<SealOutcome, StoreError> {
        self.transform(id, move |_, state| {
            Ok(match state.seal(cause, now) {
                Some(sealed) => (Some(sealed.clone()), SealOutcome::Sealed(sealed.tally)),
                None if state.poll.is_sealed() => (None, SealOutcome::Sealed(state.tally)),
                None => (None, SealOutcome::NotDue),
            })
        })
        .await
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        self.blocking(move |database| {
            let transaction = database.begin_write().map_err(failure)?;
            {
                let mut polls = transaction.open_table(POLLS).map_err(failure)?;
                if polls.remove(id.as_bytes()).map_err(failure)?.is_none() {
                    return Err(StoreError::PollNotFound(id));
                }
                let (first, last) = (*id.as_bytes(), *id.as_bytes());
                let mut votes = transaction.open_table(VOTES).map_err(failure)?;
                votes
                    .retain_in((first, [0; 16])..=(last, [0xFF; 16]), |_, _| false)
                    .map_err(failure)?;
                let mut order = transaction.open_table(ORDER).map_err(failure)?;
                order
                    .retain_in((first, 0)..=(last, u64::MAX), |_, _| false)
                    .map_err(failure)?;
                let mut superseded = transaction.open_table(SUPERSEDED).map_err(failure)?;
                let all = (first, [0; 16], [0; 16])..=(last, [0xFF; 16], [0xFF; 16]);
                superseded.retain_in(all, |_, _| false).map_err(failure)?;
                places::delete(&transaction, id)?;
            }
            transaction.commit().map_err(failure)
        })
        .await
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        casting::cast(self, ballots, now).await
    }

    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
        let voters = voters.to_vec();
        self.blocking(move |database| {
            let votes = database
                .begin_read()
                .map_err(failure)?
                .open_table(VOTES)
                .map_err(failure)?;
            let of = |voter: &VoterId| {
                let row = votes
                    .get((*poll.as_bytes(), *voter.as_bytes()))
                    .map_err(failure)?;
                row.map(|row| decode_vote(poll, *voter, &row.value()))
                    .transpose()
            };
            voters.iter().map(of).collect()
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
        // A page at a time, each from a snapshot of its own, up to the revision at which the stream began: a ballot that
        // is cast again meanwhile gets a revision beyond that, so no voter comes twice.
        let begin = async move { Ok(self.states(&[poll]).await?.pop().flatten()) };
        stream::once(begin)
            .map_ok(move |state: Option<PollState>| {
                let end = state.map_or(0, |state| state.tally.position.revision);
                stream::try_unfold(0, move |after| async move {
                    let page = self
                        .blocking(move |database| page(database, poll, after, end))
                        .await?;
                    let last = page.last().map(|standing| standing.revision);
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
            let snapshot = database.begin_read().map_err(failure)?;
            let polls = snapshot.open_table(POLLS).map_err(failure)?;
            let stored = state_of(&polls, id)?
                .ok_or(StoreError::PollNotFound(id))?
                .tally;
            let ballots = standing(&snapshot.open_table(VOTES).map_err(failure)?, id)?;
            Ok(Audit {
                recounted: stored.recounted(&ballots),
                stored,
            })
        })
        .await
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        self.transform(id, move |database, state| {
            let repaired = state.recount(&committed(database, id)?);
            let tally = repaired.tally.clone();
            Ok((Some(repaired), tally))
        })
        .await
    }
}
