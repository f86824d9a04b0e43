use std::sync::Arc;
use std::time::Duration;

use crate::engine::shared_reads::SharedReads;
use crate::engine::{EngineError, PollEngine, PollSnapshot};
use crate::poll::{PollOption, PollState};
use crate::store::{Page, PageRequest, PollCount, PollFilter};
use crate::voter::Caller;

/// The time for which callers share a first page.
const PAGE_AGE: Duration = Duration::from_secs(1);
/// The time for which callers share a number of polls.
const COUNT_AGE: Duration = Duration::from_secs(5);

/// Pages and counts that callers share.
#[derive(Debug)]
pub(super) struct SharedLists {
    pages: SharedReads<(PollFilter, u32), Arc<Page<PollState>>>,
    counts: SharedReads<PollFilter, PollCount>,
}

impl SharedLists {
    pub(super) fn new() -> Self {
        Self {
            pages: SharedReads::new(PAGE_AGE, |page| page.items.iter().map(size_of_state).sum()),
            counts: SharedReads::new(COUNT_AGE, |_| size_of::<PollCount>()),
        }
    }

    /// Drops the shared pages, so that nobody misses a change of their own.
    pub(super) fn drop_pages(&self) {
        self.pages.clear();
    }
}

/// Returns the approximate size of a state in bytes.
fn size_of_state(state: &PollState) -> usize {
    let poll = &state.poll;
    let options = poll.options.iter();
    let options = options.map(|option| size_of::<PollOption>() + option.text.len());
    let texts = [Some(&poll.title), Some(&poll.description)];
    let texts = texts
        .into_iter()
        .chain([poll.category.as_ref(), poll.external_ref.as_ref()]);
    let texts = texts.flatten().map(String::len);
    let metadata = poll.metadata.as_ref().map_or(0, |data| data.as_str().len());
    let counts = size_of_val(&*state.tally.counts);
    size_of::<PollState>() + options.chain(texts).sum::<usize>() + metadata + counts
}

/// Listing polls.
impl PollEngine {
    /// Returns one page of a list, each poll as `caller` may see it.
    ///
    /// First pages are shared by all callers within a second. A creation, edit, close or
    /// deletion through this engine shows at once, one through another engine within a
    /// second. A poll that has just passed its `closes_at` may not be final yet.
    ///
    /// ```
    /// use votify_core::store::PollFilter;
    /// use votify_core::{Caller, MemoryStore, PageRequest, PollDraft, PollEngine, Visibility};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// for title in ["Breakfast?", "Lunch?", "Dinner?"] {
    ///     let draft = PollDraft::single_choice(title, ["Pizza", "Sushi"]);
    ///     engine.create_poll(draft.visibility(Visibility::Public)).await?;
    /// }
    ///
    /// let (filter, caller) = (PollFilter::default(), Caller::anonymous());
    /// let first = engine.list_polls(&filter, &PageRequest::new(1, 2)?, &caller).await?;
    /// assert_eq!(first.items.len(), 2);
    /// let rest = PageRequest::after(first.next.expect("a third poll"), 2)?;
    /// let last = engine.list_polls(&filter, &rest, &caller).await?;
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
        caller: &Caller,
    ) -> Result<Page<PollSnapshot>, EngineError> {
        let store = &self.inner.loader.store;
        let read = async {
            let read = store.list_polls(filter, page, self.now()).await;
            read.map(Arc::new).map_err(EngineError::from)
        };
        let shared = if page.page() == Some(1) {
            let key = (filter.clone(), page.limit());
            self.inner.lists.pages.get(&key, read).await?
        } else {
            read.await?
        };
        let mut items = Vec::with_capacity(shared.items.len());
        for state in &shared.items {
            items.push(self.snapshot(state.clone().into(), caller).await?);
        }
        Ok(Page {
            items,
            next: shared.next,
        })
    }

    /// Returns the number of polls on all pages of a list, of which `page` is one. Counts
    /// only if the page is not the last.
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

    /// Counts the polls that match `filter`, up to [`PollCount::MAX`]. A count is shared by
    /// all callers within 5 seconds.
    ///
    /// # Errors
    /// - [`Store`](EngineError::Store): the store failed; retrying is safe.
    pub async fn count_polls(&self, filter: &PollFilter) -> Result<PollCount, EngineError> {
        let store = &self.inner.loader.store;
        let read = async { Ok(store.count_polls(filter, self.now()).await?) };
        self.inner.lists.counts.get(filter, read).await
    }
}
