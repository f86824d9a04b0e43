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
    summaries: OnceLock<Rendering>,
    with_options: OnceLock<Rendering>,
}

/// A rendering that callers share.
#[derive(Debug)]
struct Rendering {
    variant: Box<str>,
    polls: RenderedPolls,
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

    /// Maximum size of a shared variant, in bytes.
    pub const MAX_VARIANT: usize = 200;

    /// Returns the polls rendered in `format`. The first call renders them; all clones
    /// share the result.
    ///
    /// The result of `render` must depend on the polls, the format and `variant` only.
    /// `variant` names everything else, such as the path under which an API is mounted. A
    /// page keeps one variant per format. Other variants, and those above
    /// [`MAX_VARIANT`](Self::MAX_VARIANT), are rendered at each call.
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
    /// let rendered = page.rendered(ListFormat::Summaries, "titles", |polls| {
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
        variant: &str,
        render: impl Fn(&[PollSnapshot]) -> RenderedPolls,
    ) -> RenderedPolls {
        let shared = match format {
            ListFormat::Summaries => &self.0.summaries,
            ListFormat::WithOptions => &self.0.with_options,
        };
        let render = || render(&self.0.page.items);
        if variant.len() > Self::MAX_VARIANT {
            return render();
        }
        let shared = shared.get_or_init(|| Rendering {
            variant: variant.into(),
            polls: render(),
        });
        if *shared.variant == *variant {
            shared.polls.clone()
        } else {
            render()
        }
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
