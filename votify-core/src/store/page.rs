use serde::{Deserialize, Serialize};

/// A page number and the number of entries per page.
///
/// ```
/// use votify_core::PageRequest;
///
/// let third = PageRequest::new(3, 20)?;
/// assert_eq!(third.offset(), 40);
/// assert!(PageRequest::new(1, 101).is_err());
/// # Ok::<(), votify_core::store::PageError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    page: u32,
    limit: u32,
}

/// The page number or the limit is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The page number is 0 or greater than [`PageRequest::MAX_PAGE`].
    #[error("must be between 1 and {}", PageRequest::MAX_PAGE)]
    Page,
    /// The limit is 0 or greater than [`PageRequest::MAX_LIMIT`].
    #[error("must be between 1 and {}", PageRequest::MAX_LIMIT)]
    Limit,
}

impl PageRequest {
    /// The maximum number of entries per page.
    pub const MAX_LIMIT: u32 = 100;
    /// The maximum page number. Bounds the number of entries that a store skips.
    pub const MAX_PAGE: u32 = 10_000;
    /// The first page of 20 entries.
    pub const FIRST: Self = Self { page: 1, limit: 20 };
    /// The first page of 100 entries.
    pub const FIRST_HUNDRED: Self = Self {
        page: 1,
        limit: Self::MAX_LIMIT,
    };

    /// Requests page `page` (1 to 10 000) of `limit` entries (1 to 100).
    ///
    /// # Errors
    /// - [`PageError::Page`]: `page` is out of range.
    /// - [`PageError::Limit`]: `limit` is out of range.
    pub const fn new(page: u32, limit: u32) -> Result<Self, PageError> {
        if page == 0 || page > Self::MAX_PAGE {
            return Err(PageError::Page);
        }
        if limit == 0 || limit > Self::MAX_LIMIT {
            return Err(PageError::Limit);
        }
        Ok(Self { page, limit })
    }

    /// Returns the page number, starting at 1.
    #[must_use]
    pub const fn page(&self) -> u32 {
        self.page
    }

    /// Returns the maximum number of entries on the page.
    #[must_use]
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// Returns the number of entries before this page.
    #[must_use]
    pub const fn offset(&self) -> u32 {
        (self.page - 1) * self.limit
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The entries, in order.
    pub items: Vec<T>,
    /// The number of entries on all pages together.
    pub total: u64,
}

impl<T> Page<T> {
    /// Converts each entry.
    #[must_use]
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(convert).collect(),
            total: self.total,
        }
    }

    /// Returns the number of pages with the limit of `request`.
    #[must_use]
    pub fn pages(&self, request: &PageRequest) -> u64 {
        self.total.div_ceil(u64::from(request.limit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_and_limit_are_bounded() {
        assert_eq!(PageRequest::new(0, 20), Err(PageError::Page));
        assert_eq!(PageRequest::new(1, 101), Err(PageError::Limit));
        assert_eq!(PageRequest::new(3, 20).map(|p| p.offset()), Ok(40));
        assert!(PageRequest::new(PageRequest::MAX_PAGE, PageRequest::MAX_LIMIT).is_ok());
    }

    #[test]
    fn the_number_of_pages_rounds_up() {
        let page = Page {
            items: vec![()],
            total: 41,
        };
        assert_eq!(page.pages(&PageRequest::FIRST), 3);
    }
}
