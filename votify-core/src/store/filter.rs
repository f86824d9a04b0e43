use std::cmp::Ordering;

use super::{Page, PageRequest};
use crate::backend::search_key;
use crate::poll::{Poll, PollState, PollStatus};
use crate::time::Timestamp;

/// Which polls to list, and in which order. The default is all, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PollFilter {
    /// Only polls that stand so at the time of asking.
    pub status: Option<PollStatus>,
    /// Only sealed polls, or only unsealed ones.
    pub sealed: Option<bool>,
    /// Only polls of exactly this category.
    pub category: Option<String>,
    /// Only polls whose title holds every one of these [`search_terms`](crate::backend::search_terms) somewhere.
    pub words: Vec<String>,
    /// The order.
    pub order: PollOrder,
}

/// An order of polls; ties are broken by id, descending, so that every order is total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PollOrder {
    /// By `created_at`, latest first.
    #[default]
    Newest,
    /// By `closes_at`, soonest first; those without one last.
    Closing,
    /// By `opens_at`, soonest first.
    Opening,
    /// By the rank of their [`TrendingScore`](crate::backend::TrendingScore::rank), hottest first.
    Trending,
}

impl PollOrder {
    /// Which of two polls comes first; never equal for two different polls.
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
    /// One page of what passes out of all polls: for stores that keep no index of their own.
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
        let skipped = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let taken = usize::try_from(page.limit()).unwrap_or(usize::MAX);
        let items = states
            .into_iter()
            .skip(skipped)
            .take(taken)
            .map(|state| state.poll)
            .collect();
        Page { items, total }
    }

    /// Whether a poll passes at `now`; the order plays no part.
    #[must_use]
    pub fn matches(&self, poll: &Poll, now: Timestamp) -> bool {
        let folded = search_key(&poll.title);
        self.status.is_none_or(|status| poll.status(now) == status)
            && self.sealed.is_none_or(|sealed| poll.is_sealed() == sealed)
            && self
                .category
                .as_ref()
                .is_none_or(|category| poll.category.as_ref() == Some(category))
            && self.words.iter().all(|word| folded.contains(word.as_str()))
    }
}
