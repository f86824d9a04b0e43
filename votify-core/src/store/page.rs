use serde::{Deserialize, Serialize};

/// Which page of a listing is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    page: u32,
    limit: u32,
}

/// A page number or limit out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// `page` is zero or above [`PageRequest::MAX_PAGE`].
    #[error("must be between 1 and {}", PageRequest::MAX_PAGE)]
    Page,
    /// `limit` is zero or above [`PageRequest::MAX_LIMIT`].
    #[error("must be between 1 and {}", PageRequest::MAX_LIMIT)]
    Limit,
}

impl PageRequest {
    /// The most entries a page holds.
    pub const MAX_LIMIT: u32 = 100;
    /// The last page that can be asked for: a bound on what a listing makes a store skip.
    pub const MAX_PAGE: u32 = 10_000;
    /// The first page of 20.
    pub const FIRST: Self = Self { page: 1, limit: 20 };
    /// The first page of 100.
    pub const FIRST_HUNDRED: Self = Self {
        page: 1,
        limit: Self::MAX_LIMIT,
    };

    /// Page `page` (from 1) of `limit` entries (1 to 100).
    ///
    /// # Errors
    /// Says which of the two is out of range.
    pub const fn new(page: u32, limit: u32) -> Result<Self, PageError> {
        if page == 0 || page > Self::MAX_PAGE {
            return Err(PageError::Page);
        }
        if limit == 0 || limit > Self::MAX_LIMIT {
            return Err(PageError::Limit);
        }
        Ok(Self { page, limit })
    }

    /// The page's number, from 1.
    #[must_use]
    pub const fn page(&self) -> u32 {
        self.page
    }

    /// The most entries wanted.
    #[must_use]
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// How many entries come before this page.
    #[must_use]
    pub const fn offset(&self) -> u32 {
        (self.page - 1) * self.limit
    }
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The entries, in order.
    pub items: Vec<T>,
    /// How many entries all pages hold together.
    pub total: u64,
}

impl<T> Page<T> {
    /// The same page with each entry turned into something else.
    #[must_use]
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(each).collect(),
            total: self.total,
        }
    }

    /// How many pages of `limit` entries there are.
    #[must_use]
    pub fn pages(&self, request: &PageRequest) -> u64 {
        self.total.div_ceil(u64::from(request.limit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_kept() {
        assert_eq!(PageRequest::new(0, 20), Err(PageError::Page));
        assert_eq!(PageRequest::new(1, 101), Err(PageError::Limit));
        assert_eq!(PageRequest::new(3, 20).map(|p| p.offset()), Ok(40));
        assert!(PageRequest::new(PageRequest::MAX_PAGE, PageRequest::MAX_LIMIT).is_ok());
    }

    #[test]
    fn pages_round_up() {
        let page = Page {
            items: vec![()],
            total: 41,
        };
        assert_eq!(page.pages(&PageRequest::FIRST), 3);
    }
}
