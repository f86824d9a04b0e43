use std::sync::Arc;

use crate::engine::reader::Read;
use crate::engine::{EngineError, PollEngine, PollSnapshot};
use crate::id::PollId;
use crate::poll::Poll;
use crate::store::{Audit, PollFilter};
use crate::store::{Page, PageRequest};
use crate::tally::Tally;
use crate::tally::TallyView;
use crate::tally::{Method, PollResult};
use crate::voter::Caller;

impl PollEngine {
    /// A poll's definition as it is at hand, without asking the store again: it may be out of date where another engine edited it, but what
    /// never changes (id, owner, key, time of making) is right.
    ///
    /// # Errors
    /// [`PollNotFound`](EngineError::PollNotFound), or a failure of the store.
    pub async fn definition(&self, id: PollId) -> Result<Arc<Poll>, EngineError> {
        let cached = match self.inner.reader.cache.at_hand(id) {
            Some(cached) => cached,
            // Rare, and boxed so that who asks is not as large as this.
            None => Box::pin(self.read_definition(id)).await?,
        };
        Ok(Arc::clone(&cached.poll))
    }

    /// A poll as `caller` may see it. One that is past its end is sealed first, so its result is final.
    ///
    /// # Errors
    /// [`PollNotFound`](EngineError::PollNotFound), or a failure of the store.
    pub async fn poll(&self, id: PollId, caller: &Caller) -> Result<PollSnapshot, EngineError> {
        let read = self.inner.reader.read(id).await?;
        self.snapshot(read, caller).await
    }

    /// One page of a listing, each poll as `caller` may see it.
    ///
    /// A poll that is deleted meanwhile is left out. One that has just passed its end may not be final yet.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        caller: &Caller,
    ) -> Result<Page<PollSnapshot>, EngineError> {
        let reader = &self.inner.reader;
        let Page { items, total } = reader.store.list_polls(filter, page, self.now()).await?;
        let ids: Vec<PollId> = items.iter().map(|poll| poll.id).collect();
        let tallies = reader.store.tallies(&ids).await?;
        let mut snapshots = Vec::with_capacity(items.len());
        for (poll, tally) in items.into_iter().zip(tallies) {
            if let Some(tally) = tally
                && let Some(read) = self.matched(poll, tally).await?
            {
                snapshots.push(self.snapshot(read, caller).await?);
            }
        }
        Ok(Page {
            items: snapshots,
            total,
        })
    }

    /// A listed poll beside its tally, read anew if it was edited in between; `None` if it is gone.
    async fn matched(&self, poll: Poll, tally: Tally) -> Result<Option<Read>, EngineError> {
        if poll.version == tally.version {
            return Ok(Some(Read {
                poll: poll.into(),
                tally: tally.into(),
            }));
        }
        match self.inner.reader.read(poll.id).await {
            Ok(read) => Ok(Some(read)),
            Err(EngineError::PollNotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A poll with its result as `caller` may see it.
    ///
    /// # Errors
    /// [`PollNotFound`](EngineError::PollNotFound), or a failure of the store.
    pub async fn result(
        &self,
        id: PollId,
        caller: &Caller,
    ) -> Result<(PollSnapshot, PollResult), EngineError> {
        let snapshot = self.poll(id, caller).await?;
        let result = PollResult {
            method: Method::of(&snapshot.poll),
            view: snapshot.view.clone(),
        };
        Ok((snapshot, result))
    }

    /// Recounts a poll and compares; for operators, not for callers: it shows every count.
    ///
    /// # Errors
    /// [`PollNotFound`](EngineError::PollNotFound), or a failure of the store.
    pub async fn audit_poll(&self, id: PollId) -> Result<Audit, EngineError> {
        Ok(self.inner.reader.store.audit_poll(id).await?)
    }

    /// Makes a poll's tally anew from its ballots, under the next epoch; viewers start afresh.
    ///
    /// # Errors
    /// [`PollNotFound`](EngineError::PollNotFound), or a failure of the store.
    pub async fn repair_poll(&self, id: PollId) -> Result<Tally, EngineError> {
        let tally = self.inner.reader.store.repair_poll(id).await?;
        let shared = std::sync::Arc::new(tally.clone());
        self.inner.hub.offer_tally(&shared, Vec::new(), Vec::new());
        self.inner.herald.announcer.offer(&shared, &[]);
        Ok(tally)
    }

    pub(super) async fn snapshot(
        &self,
        read: Read,
        caller: &Caller,
    ) -> Result<PollSnapshot, EngineError> {
        let audience = self.inner.reader.audience(&read, caller).await?;
        let Read { poll, tally } = read;
        Ok(PollSnapshot {
            status: poll.status(self.now()),
            view: TallyView::new(&poll, &tally, audience),
            viewers: self.inner.hub.viewers_of(poll.id),
            poll,
        })
    }
}
