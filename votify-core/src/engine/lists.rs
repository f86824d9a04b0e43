use std::sync::Arc;
use std::time::Duration;

use crate::engine::loaded_poll::LoadedPoll;
use crate::engine::page_size::size_of_page;
use crate::engine::shared_reads::SharedReads;
use crate::engine::{EngineError, PollEngine, PollPage};
use crate::poll::PollState;
use crate::store::{Page, PageRequest, PollCount, PollCursor, PollFilter};
use crate::tally::Audience;

/// The time for which callers share a first page.
const PAGE_AGE: Duration = Duration::from_secs(1);
/// The time for which callers share a number of polls.
const COUNT_AGE: Duration = Duration::from_secs(5);

/// Pages and counts that callers share.
#[derive(Debug)]
pub(super) struct SharedLists {
    pages: SharedReads<(PollFilter, u32), Arc<ReadPage>>,
    counts: SharedReads<PollFilter, PollCount>,
}

/// A page that was read from the store.
#[derive(Debug)]
struct ReadPage {
    polls: Vec<LoadedPoll>,
    /// The cursor after each poll.
    cursors: Arc<[PollCursor]>,
    /// The page as callers get it, unless a poll has opened or closed since.
    page: PollPage,
}

impl SharedLists {
    pub(super) fn new() -> Self {
        Self {
            pages: SharedReads::new(PAGE_AGE, |page| size_of_page(&page.polls, &page.cursors)),
            counts: SharedReads::new(COUNT_AGE, |_| size_of::<PollCount>()),
        }
    }

    /// Drops the shared pages, so that callers see their own changes at once.
    pub(super) fn drop_pages(&self) {
        self.pages.clear();
    }
}

/// Listing polls.
impl PollEngine {
    /// Returns one page of a list, each poll as the public may see it: counts that only
    /// voters see are absent, also for voters. [`poll`](Self::poll) returns one poll as its
    /// caller may see it.
    ///
    /// All callers within a second share a first page. A creation, edit, close or
    /// deletion shows at once if it was made through this engine, and within a second
    /// otherwise. A poll that has just passed its `closes_at` may not be final yet.
    ///
    /// A page may have fewer polls than its limit although another page follows: only
    /// [`next`](Page::next) shows the end. A [rendering](PollPage::rendered) may also end
    /// early.
    ///
    /// ```
    /// use votify_core::store::PollFilter;
    /// use votify_core::{MemoryStore, PageRequest, PollDraft, PollEngine, Visibility};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// for title in ["Breakfast?", "Lunch?", "Dinner?"] {
    ///     let draft = PollDraft::single_choice(title, ["Pizza", "Sushi"]);
    ///     engine.create_poll(draft.visibility(Visibility::Public)).await?;
    /// }
    ///
    /// let filter = PollFilter::default();
    /// let first = engine.list_polls(&filter, &PageRequest::new(1, 2)?).await?;
    /// assert_eq!(first.items.len(), 2);
    /// let rest = PageRequest::after(first.next.expect("a third poll"), 2)?;
    /// let last = engine.list_polls(&filter, &rest).await?;
    /// assert_eq!((last.items.len(), last.next), (1, None));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
    ) -> Result<PollPage, EngineError> {
        let store = &self.inner.loader.store;
        let read = async {
            let read = store.list_polls(filter, page, self.now()).await?;
            Ok(Arc::new(self.read_page(read, filter)))
        };
        let read = if page.page() == Some(1) {
            let key = (filter.clone(), page.limit());
            self.inner.lists.pages.get(&key, read).await?
        } else {
            read.await?
        };
        Ok(self.current_page(&read))
    }

    fn read_page(&self, page: Page<PollState>, filter: &PollFilter) -> ReadPage {
        let states = page.items.iter();
        let cursors = states.map(|state| PollCursor::of(state, filter)).collect();
        let polls: Vec<LoadedPoll> = page.items.into_iter().map(LoadedPoll::from).collect();
        ReadPage {
            page: self.public_page(&polls, page.next, &cursors),
            polls,
            cursors,
        }
    }

    /// Returns a page that was read before with the current status of each poll.
    fn current_page(&self, read: &ReadPage) -> PollPage {
        let now = self.now();
        let mut shown = read.polls.iter().zip(&read.page.items);
        if shown.all(|(loaded, shown)| loaded.status(now) == shown.status) {
            return read.page.clone();
        }
        self.public_page(&read.polls, read.page.next, &read.cursors)
    }

    fn public_page(
        &self,
        polls: &[LoadedPoll],
        next: Option<PollCursor>,
        cursors: &Arc<[PollCursor]>,
    ) -> PollPage {
        let polls = polls.iter().cloned();
        let snapshots = polls.map(|loaded| self.snapshot_for(loaded, Audience::Public));
        let page = Page {
            items: snapshots.collect(),
            next,
        };
        PollPage::new(page, Arc::clone(cursors))
    }

    /// Returns the number of polls on all pages of a list, up to [`PollCount::MAX`].
    /// `page` is the page that `request` returned.
    ///
    /// Counts only if the page does [not show the number](Page::known_total): if another
    /// page follows, or it was requested with a cursor.
    ///
    /// # Errors
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn total_polls<T: Sync>(
        &self,
        filter: &PollFilter,
        request: &PageRequest,
        page: &Page<T>,
    ) -> Result<PollCount, EngineError> {
        match page.known_total(request) {
            Some(total) => Ok(total),
            None => self.count_polls(filter).await,
        }
    }

    /// Counts the polls that match `filter`, up to [`PollCount::MAX`]. All callers within
    /// 5 seconds share a count.
    ///
    /// # Errors
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn count_polls(&self, filter: &PollFilter) -> Result<PollCount, EngineError> {
        let store = &self.inner.loader.store;
        let read = async { Ok(store.count_polls(filter, self.now()).await?) };
        self.inner.lists.counts.get(filter, read).await
    }
}
