use std::cmp::Ordering;

use super::{Page, PageRequest};
use crate::backend::search_key;
use crate::poll::{Poll, PollState, PollStatus};
use crate::time::Timestamp;

/// A filter and an order for a list of polls. Defaults to all polls, newest first.
///
/// ```
/// use votify_core::backend::search_terms;
/// use votify_core::store::{PollFilter, PollOrder};
/// use votify_core::PollStatus;
///
/// let filter = PollFilter {
///     status: Some(PollStatus::Open),
///     words: search_terms("lunch"),
///     order: PollOrder::Trending,
///     ..PollFilter::default()
/// };
/// assert_eq!(filter.category, None); // any category
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PollFilter {
    /// Only polls with this status at the time of the call.
    pub status: Option<PollStatus>,
    /// Only sealed polls, or only unsealed ones.
    pub sealed: Option<bool>,
    /// Only polls with exactly this category.
    pub category: Option<String>,
    /// Only polls whose title contains all of these
    /// [`search_terms`](crate::backend::search_terms).
    pub words: Vec<String>,
    /// The order.
    pub order: PollOrder,
}

/// An order of polls. Ties are broken by id, descending, so every order is total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PollOrder {
    /// By `created_at`, latest first.
    #[default]
    Newest,
    /// By `closes_at`, soonest first. Polls without a closing time come last.
    Closing,
    /// By `opens_at`, soonest first.
    Opening,
    /// By [`TrendingScore::rank`](crate::backend::TrendingScore::rank), highest first.
    Trending,
}

impl PollOrder {
    /// Compares two polls. Returns `Equal` only for the same poll.
    #[must_use]
    pub fn compare(self, a: &PollState, b: &PollState) -> Ordering {
        let first = match self {
            Self::Newest => b.poll.created_at.cmp(&a.poll.created_at),
            Self::Closing => {
                let end =
                    |state: &PollState| (state.poll.closes_at.is_none(), state.poll.closes_at);
                end(a).cmp(&end(b))
            }
            Self::Opening => a.poll.opens_at.cmp(&b.poll.opens_at),
            Self::Trending => b.trending.rank().total_cmp(&a.trending.rank()),
        };
        first.then_with(|| b.poll.id.cmp(&a.poll.id))
    }
}

impl PollFilter {
    /// Filters, sorts and paginates `polls`, for stores without an index of their own.
    #[must_use]
    pub fn paginate(
        &self,
        polls: impl IntoIterator<Item = PollState>,
        page: &PageRequest,
        now: Timestamp,
    ) -> Page<Poll> {
        let mut states: Vec<PollState> = polls
            .into_iter()
            .filter(|state| self.matches(&state.poll, now))
            .collect();
        states.sort_unstable_by(|a, b| self.order.compare(a, b));
        let total = u64::try_from(states.len()).unwrap_or(u64::MAX);
        let offset = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let limit = usize::try_from(page.limit()).unwrap_or(usize::MAX);
        let items = states
            .into_iter()
            .skip(offset)
            .take(limit)
            .map(|state| state.poll)
            .collect();
        Page { items, total }
    }

    /// Returns true if the poll matches at `now`. Ignores the order.
    #[must_use]
    pub fn matches(&self, poll: &Poll, now: Timestamp) -> bool {
        let title = search_key(&poll.title);
        self.status.is_none_or(|status| poll.status(now) == status)
            && self.sealed.is_none_or(|sealed| poll.is_sealed() == sealed)
            && self
                .category
                .as_ref()
                .is_none_or(|category| poll.category.as_ref() == Some(category))
            && self.words.iter().all(|word| title.contains(word.as_str()))
    }
}
