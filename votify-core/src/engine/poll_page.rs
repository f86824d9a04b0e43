use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::engine::PollSnapshot;
use crate::store::{Page, PollCursor};

/// A page of polls as the public may see them. Dereferences to the [`Page`].
///
/// Cloning is cheap: clones share the data. All callers get clones of one page while it is
/// shared.
#[derive(Debug, Clone)]
pub struct PollPage(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    page: Page<PollSnapshot>,
    /// The cursor after each poll.
    cursors: Arc<[PollCursor]>,
    summaries: OnceLock<RenderedPolls>,
    with_options: OnceLock<RenderedPolls>,
}

/// The content of a list: summaries with at most
/// [`MAX_DESCRIPTION`](Self::MAX_DESCRIPTION) characters of each description, with or
/// without options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListFormat {
    /// Summaries without options.
    Summaries,
    /// Summaries with all options.
    WithOptions,
}

impl ListFormat {
    /// Maximum number of characters of a poll's description in a list.
    pub const MAX_DESCRIPTION: usize = 300;
    /// Maximum size of rendered polls in bytes. A rendering of more polls ends early,
    /// after at least one poll.
    pub const MAX_BYTES: usize = 1 << 20;
}

/// The first polls of a [`PollPage`] in the format of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedPolls {
    /// The rendered polls.
    pub bytes: Bytes,
    /// The number of polls in `bytes`. Fewer than the page has, if all would be too
    /// large; [`PollPage::next_after`] then returns the cursor.
    pub count: usize,
}

impl PollPage {
    /// Creates a page. `cursors` has the cursor after each poll.
    pub(super) fn new(page: Page<PollSnapshot>, cursors: Arc<[PollCursor]>) -> Self {
        Self(Arc::new(Inner {
            page,
            cursors,
            summaries: OnceLock::new(),
            with_options: OnceLock::new(),
        }))
    }

    /// Returns the polls rendered in `format`. The first call renders them; all clones
    /// share the result.
    ///
    /// Pass the same `render` for all callers and lists. Its result must depend on the
    /// polls and the format only.
    ///
    /// ```
    /// use votify_core::engine::{ListFormat, RenderedPolls};
    /// use votify_core::store::PollFilter;
    /// use votify_core::{MemoryStore, PageRequest, PollEngine};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = PollEngine::new(MemoryStore::new());
    /// let page = engine.list_polls(&PollFilter::default(), &PageRequest::FIRST).await?;
    /// let rendered = page.rendered(ListFormat::Summaries, |polls| {
    ///     let titles: Vec<&str> = polls.iter().map(|poll| poll.poll.title.as_str()).collect();
    ///     RenderedPolls { bytes: titles.join("\n").into(), count: titles.len() }
    /// });
    /// assert_eq!((rendered.count, page.next_after(rendered.count)), (0, None));
    /// # Ok(())
    /// # }
    /// ```
    pub fn rendered(
        &self,
        format: ListFormat,
        render: impl FnOnce(&[PollSnapshot]) -> RenderedPolls,
    ) -> &RenderedPolls {
        let rendered = match format {
            ListFormat::Summaries => &self.0.summaries,
            ListFormat::WithOptions => &self.0.with_options,
        };
        rendered.get_or_init(|| render(&self.0.page.items))
    }

    /// Returns the cursor after the first `count` polls of this page, or `None` if no
    /// poll follows them.
    #[must_use]
    pub fn next_after(&self, count: usize) -> Option<PollCursor> {
        if count >= self.0.page.items.len() {
            return self.0.page.next;
        }
        let last = count.checked_sub(1)?;
        self.0.cursors.get(last).copied()
    }
}

impl Deref for PollPage {
    type Target = Page<PollSnapshot>;

    fn deref(&self) -> &Page<PollSnapshot> {
        &self.0.page
    }
}
