use super::PollCursor;

/// A request for one page: a page number or a cursor, and the number of entries.
///
/// ```
/// use votify_core::PageRequest;
///
/// let third = PageRequest::new(3, 20)?;
/// assert_eq!(third.offset(), 40);
/// assert!(PageRequest::new(1, 101).is_err());
/// assert!(PageRequest::new(501, 20).is_err()); // continue with a cursor instead
/// # Ok::<(), votify_core::store::PageError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PageRequest {
    start: PageStart,
    limit: u32,
}

/// The start of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum PageStart {
    Number(u32),
    After(PollCursor),
}

/// The page number or the limit is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The page number is 0.
    #[error("must be at least 1")]
    Page,
    /// The page ends beyond [`PageRequest::MAX_ENTRIES`].
    #[error(
        "must end within the first {} entries; continue with the cursor of the previous page",
        PageRequest::MAX_ENTRIES
    )]
    TooDeep,
    /// The limit is 0 or greater than [`PageRequest::MAX_LIMIT`].
    #[error("must be between 1 and {}", PageRequest::MAX_LIMIT)]
    Limit,
}

impl PageRequest {
    /// The maximum number of entries per page.
    pub const MAX_LIMIT: u32 = 100;
    /// The number of entries that can be requested by page number. It bounds the number
    /// of entries that a store skips. Cursors ([`after`](Self::after)) have no such
    /// bound.
    pub const MAX_ENTRIES: u32 = 10_000;
    /// The first page of 20 entries.
    pub const FIRST: Self = Self {
        start: PageStart::Number(1),
        limit: 20,
    };
    /// The first page of 100 entries.
    pub const FIRST_HUNDRED: Self = Self {
        start: PageStart::Number(1),
        limit: Self::MAX_LIMIT,
    };

    /// Requests page `page` (from 1) of `limit` entries (1 to 100).
    ///
    /// # Errors
    /// - [`PageError::Page`]: `page` is 0.
    /// - [`PageError::TooDeep`]: the page ends beyond [`MAX_ENTRIES`](Self::MAX_ENTRIES).
    /// - [`PageError::Limit`]: `limit` is out of range.
    pub const fn new(page: u32, limit: u32) -> Result<Self, PageError> {
        if limit == 0 || limit > Self::MAX_LIMIT {
            return Err(PageError::Limit);
        }
        if page == 0 {
            return Err(PageError::Page);
        }
        if page > Self::MAX_ENTRIES / limit {
            return Err(PageError::TooDeep);
        }
        Ok(Self {
            start: PageStart::Number(page),
            limit,
        })
    }

    /// Requests the `limit` entries (1 to 100) after a cursor.
    ///
    /// # Errors
    /// - [`PageError::Limit`]: `limit` is out of range.
    pub const fn after(cursor: PollCursor, limit: u32) -> Result<Self, PageError> {
        if limit == 0 || limit > Self::MAX_LIMIT {
            return Err(PageError::Limit);
        }
        Ok(Self {
            start: PageStart::After(cursor),
            limit,
        })
    }

    /// Returns the page number from 1, or `None` for a page after a cursor.
    #[must_use]
    pub const fn page(&self) -> Option<u32> {
        match self.start {
            PageStart::Number(page) => Some(page),
            PageStart::After(_) => None,
        }
    }

    /// Returns the cursor after which the page begins.
    #[must_use]
    pub const fn cursor(&self) -> Option<PollCursor> {
        match self.start {
            PageStart::Number(_) => None,
            PageStart::After(cursor) => Some(cursor),
        }
    }

    /// Returns the maximum number of entries on the page.
    #[must_use]
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// Returns the number of entries before the page. 0 for a page after a cursor.
    #[must_use]
    pub const fn offset(&self) -> u32 {
        match self.start {
            PageStart::Number(page) => (page - 1) * self.limit,
            PageStart::After(_) => 0,
        }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries, in order.
    pub items: Vec<T>,
    /// The cursor after the last entry, or `None` if this is the last page.
    pub next: Option<PollCursor>,
}

impl<T> Page<T> {
    /// Creates a page from its entries. One entry more than the limit shows that another
    /// page follows, and is dropped.
    #[must_use]
    pub fn from_entries(
        mut entries: Vec<T>,
        request: &PageRequest,
        cursor_of: impl FnOnce(&T) -> PollCursor,
    ) -> Self {
        let limit = usize::try_from(request.limit()).unwrap_or(usize::MAX);
        let has_more = entries.len() > limit;
        entries.truncate(limit);
        let last = entries.last().filter(|_| has_more);
        Self {
            next: last.map(cursor_of),
            items: entries,
        }
    }

    /// Returns the number of entries on all pages if this page shows it: if it is the
    /// last page and was requested by number. An empty page shows it only as page 1.
    #[must_use]
    pub fn known_total(&self, request: &PageRequest) -> Option<PollCount> {
        let is_last = self.next.is_none() && (request.page() == Some(1) || !self.items.is_empty());
        let before = request.page().map(|_| request.offset());
        let before = before.filter(|_| is_last)?;
        let entries = u64::try_from(self.items.len()).unwrap_or(u64::MAX);
        Some(PollCount::capped(u64::from(before).saturating_add(entries)))
    }

    /// Converts each entry.
    #[must_use]
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(convert).collect(),
            next: self.next,
        }
    }
}

/// A number of polls, counted up to [`MAX`](Self::MAX).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PollCount {
    /// The number of polls, at most [`MAX`](Self::MAX).
    pub total: u32,
    /// True if there are more polls than `total`.
    pub is_more: bool,
}

impl PollCount {
    /// The largest number that is counted: 10 000.
    pub const MAX: u32 = 10_000;

    /// Caps a number of polls.
    #[must_use]
    pub fn capped(polls: u64) -> Self {
        let total = u32::try_from(polls).unwrap_or(u32::MAX).min(Self::MAX);
        Self {
            total,
            is_more: polls > u64::from(Self::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_and_limit_are_bounded() {
        assert_eq!(PageRequest::new(0, 20), Err(PageError::Page));
        assert_eq!(PageRequest::new(1, 101), Err(PageError::Limit));
        assert_eq!(PageRequest::new(1, 0), Err(PageError::Limit));
        assert_eq!(PageRequest::new(3, 20).map(|p| p.offset()), Ok(40));
        assert!(PageRequest::new(500, 20).is_ok());
        assert_eq!(PageRequest::new(501, 20), Err(PageError::TooDeep));
        assert_eq!(PageRequest::new(u32::MAX, 100), Err(PageError::TooDeep));
    }

    #[test]
    fn the_last_page_shows_the_total() {
        let page = |items, next| Page {
            items: vec![(); items],
            next,
        };
        let total = |page: Page<()>, number| {
            let request = PageRequest::new(number, 20).unwrap();
            page.known_total(&request).map(|count| count.total)
        };
        assert_eq!(total(page(3, None), 3), Some(43));
        assert_eq!(total(page(0, None), 1), Some(0));
        assert_eq!(total(page(0, None), 3), None);
        let next = "0".repeat(64).parse().ok();
        assert!(next.is_some());
        assert_eq!(total(page(20, next), 1), None);
    }

    #[test]
    fn counts_end_at_ten_thousand() {
        let count = |total, is_more| PollCount { total, is_more };
        assert_eq!(PollCount::capped(9_999), count(9_999, false));
        assert_eq!(PollCount::capped(10_000), count(10_000, false));
        assert_eq!(PollCount::capped(10_001), count(10_000, true));
        assert_eq!(PollCount::capped(u64::MAX), count(10_000, true));
    }
}
