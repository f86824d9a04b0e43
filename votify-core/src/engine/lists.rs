use std::sync::Arc;
use std::time::Duration;

use crate::engine::loaded_poll::LoadedPoll;
use crate::engine::shared_reads::SharedReads;
use crate::engine::{EngineError, ListFormat, PollEngine, PollPage};
use crate::poll::{Poll, PollOption, PollState};
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

/// Maximum size of a listed poll besides its texts and options, in one rendering: names of
/// fields, ids, times and counts. The tests of votify-axum check it.
const RENDERED_FIELDS: usize = 1_024;
/// Maximum size of an option besides its text, in one rendering. The tests of votify-axum
/// check it.
const RENDERED_OPTION: usize = 160;

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
            pages: SharedReads::new(PAGE_AGE, |page| page.size()),
            counts: SharedReads::new(COUNT_AGE, |_| size_of::<PollCount>()),
        }
    }

    /// Drops the shared pages, so that callers see their own changes at once.
    pub(super) fn drop_pages(&self) {
        self.pages.clear();
    }
}

impl ReadPage {
    /// Returns the approximate size in bytes, with a rendering in every [`ListFormat`].
    fn size(&self) -> usize {
        let sum = |size_of: fn(&LoadedPoll) -> usize| self.polls.iter().map(size_of).sum();
        let summaries: usize = sum(|loaded| size_of_summary(&loaded.poll));
        let options: usize = sum(|loaded| size_of_rendered_options(&loaded.poll));
        let polls: usize = sum(size_of_poll);
        let renderings = [summaries, summaries + options];
        let renderings = renderings.map(|size| size.min(ListFormat::MAX_BYTES));
        polls + renderings.iter().sum::<usize>() + size_of_val(&*self.cursors)
    }
}

fn size_of_poll(loaded: &LoadedPoll) -> usize {
    let LoadedPoll { poll, tally } = loaded;
    let options = poll.options.iter();
    let options = options.map(|option| size_of::<PollOption>() + option.text.len());
    let texts = [Some(&poll.title), Some(&poll.description)];
    let texts = texts
        .into_iter()
        .chain([poll.category.as_ref(), poll.external_ref.as_ref()]);
    let texts = texts.flatten().map(String::len);
    let metadata = poll.metadata.as_ref().map_or(0, |data| data.as_str().len());
    let counts = size_of_val(&*tally.counts);
    size_of::<PollState>() + options.chain(texts).sum::<usize>() + metadata + counts
}

/// Returns the maximum size of a rendered poll without options. Escapes at most double a
/// text.
fn size_of_summary(poll: &Poll) -> usize {
    // A character has at most 4 bytes.
    let description = poll.description.len().min(4 * ListFormat::MAX_DESCRIPTION);
    let category = poll.category.as_ref().map_or(0, String::len);
    RENDERED_FIELDS + 2 * (poll.title.len() + description + category)
}

fn size_of_rendered_options(poll: &Poll) -> usize {
    let options = poll.options.iter();
    let sizes = options.map(|option| RENDERED_OPTION + 2 * option.text.len());
    sizes.sum()
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
    /// [`next`](Page::next) shows the end. Also a [rendering](PollPage::rendered) may end
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;
    use crate::poll::{PollDraft, Visibility};

    /// Returns the counted size of a page of 20 polls with these options.
    async fn size_of_page(options: &[String], description: &str) -> usize {
        let engine = PollEngine::new(MemoryStore::new());
        for _ in 0..20 {
            let mut draft = PollDraft::single_choice("t", options.to_vec());
            draft.description = description.into();
            let draft = draft.visibility(Visibility::Public);
            engine.create_poll(draft).await.unwrap();
        }
        let (filter, page) = (PollFilter::default(), PageRequest::FIRST);
        let read = engine
            .inner
            .loader
            .store
            .list_polls(&filter, &page, engine.now());
        engine.read_page(read.await.unwrap(), &filter).size()
    }

    #[tokio::test]
    async fn the_size_of_a_page_includes_a_rendering_per_format() {
        let few = ["a", "b"].map(str::to_owned);
        let small = size_of_page(&few, "").await;
        assert!(small > 20 * 2 * RENDERED_FIELDS, "{small}");
        // The polls have the whole description, and both renderings its beginning.
        let described = size_of_page(&few, &"d".repeat(10_000)).await;
        let expected = 20 * (10_000 + 2 * 2 * 4 * ListFormat::MAX_DESCRIPTION);
        assert_eq!(described - small, expected);
        // The rendering with options ends at its maximum size.
        let many: Vec<_> = (100..200)
            .map(|n| format!("{n}{}", "o".repeat(252)))
            .collect();
        let large = size_of_page(&many, "").await;
        let polls = 20 * 100 * 255;
        assert!(large > polls + ListFormat::MAX_BYTES, "{large}");
        assert!(large < 2 * polls + ListFormat::MAX_BYTES, "{large}");
    }
}
