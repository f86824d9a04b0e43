use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::engine::PollSnapshot;
use crate::store::Page;

/// A page of polls as the public may see them. Dereferences to the [`Page`].
///
/// Cloning is cheap: clones share the data. All callers get clones of one page while it is
/// shared.
#[derive(Debug, Clone)]
pub struct PollPage(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    page: Page<PollSnapshot>,
    rendered: OnceLock<Bytes>,
}

impl PollPage {
    pub(super) fn new(page: Page<PollSnapshot>) -> Self {
        Self(Arc::new(Inner {
            page,
            rendered: OnceLock::new(),
        }))
    }

    /// Returns the rendered polls. The first call renders them; all clones share the
    /// result.
    ///
    /// Pass the same `render` for all callers and lists. Its result must depend on the
    /// polls only.
    pub fn rendered(&self, render: impl FnOnce(&[PollSnapshot]) -> Bytes) -> &Bytes {
        let Inner { page, rendered } = &*self.0;
        rendered.get_or_init(|| render(&page.items))
    }
}

impl Deref for PollPage {
    type Target = Page<PollSnapshot>;

    fn deref(&self) -> &Page<PollSnapshot> {
        &self.0.page
    }
}
