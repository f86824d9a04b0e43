use std::cmp::Ordering;

use super::{Page, PageRequest, PollCount, PollCursor};
use crate::backend::{matches_words, title_words};
use crate::poll::{PollState, PollStatus, Visibility};
use crate::time::Timestamp;
use crate::voter::OwnerId;

/// A filter and an order for a list of polls. Defaults to public polls, newest first.
///
/// ```
/// use votify_core::backend::search_words;
/// use votify_core::store::{PollFilter, PollOrder};
/// use votify_core::{PollStatus, Visibility};
///
/// let filter = PollFilter {
///     status: Some(PollStatus::Open),
///     words: search_words("lunch"),
///     order: PollOrder::Trending,
///     ..PollFilter::default()
/// };
/// assert_eq!(filter.category, None); // any category
/// assert_eq!(filter.visibility, Some(Visibility::Public));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PollFilter {
    /// Only polls with this visibility.
    pub visibility: Option<Visibility>,
    /// Only polls with this status at the time of the call.
    pub status: Option<PollStatus>,
    /// Only sealed polls, or only unsealed ones.
    pub sealed: Option<bool>,
    /// Only polls of one of these owners. Empty: all polls, also those without an owner.
    pub owners: Vec<OwnerId>,
    /// Only polls with exactly this external reference.
    pub external_ref: Option<String>,
    /// Only polls with exactly this category. Categories of polls are trimmed and in NFC.
    pub category: Option<String>,
    /// Only polls of which each of these [`search_words`](crate::backend::search_words)
    /// begins one of the [`title_words`].
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
    /// By [`opening_time`](crate::Poll::opening_time), soonest first.
    Opening,
    /// By [`TrendingScore::rank`](crate::backend::TrendingScore::rank), highest first.
    Trending,
}

impl PollOrder {
    /// All orders.
    pub const ALL: [Self; 4] = [Self::Newest, Self::Closing, Self::Opening, Self::Trending];

    /// Returns the number by which polls are sorted: a time in microseconds since 1970, or
    /// the trending rank. Polls without a closing time have [`i64::MAX`] in `Closing`.
    #[must_use]
    pub fn sort_key(self, state: &PollState) -> i64 {
        match self {
            Self::Newest => state.poll.created_at.as_micros(),
            Self::Closing => state.poll.closes_at.map_or(i64::MAX, Timestamp::as_micros),
            Self::Opening => state.poll.opening_time().as_micros(),
            Self::Trending => state.trending.rank(),
        }
    }

    /// Returns true if larger sort keys come first.
    #[must_use]
    pub const fn is_descending(self) -> bool {
        matches!(self, Self::Newest | Self::Trending)
    }

    /// Compares two polls. Returns `Equal` only for the same poll.
    #[must_use]
    pub fn compare(self, a: &PollState, b: &PollState) -> Ordering {
        let place = |state: &PollState| (self.sort_key(state), state.poll.id);
        self.compare_keys(&place(a), &place(b))
    }

    /// Compares two polls by their sort keys and ids.
    #[must_use]
    pub(crate) fn compare_keys<Id: Ord>(self, a: &(i64, Id), b: &(i64, Id)) -> Ordering {
        let by_key = if self.is_descending() {
            b.0.cmp(&a.0)
        } else {
            a.0.cmp(&b.0)
        };
        by_key.then_with(|| b.1.cmp(&a.1))
    }
}

impl Default for PollFilter {
    /// Returns the filter of the public lists: public polls, newest first.
    fn default() -> Self {
        Self {
            visibility: Some(Visibility::Public),
            ..Self::all()
        }
    }
}

impl PollFilter {
    /// Returns the filter of all polls, also unlisted ones, newest first. Do not show
    /// this list to everybody.
    #[must_use]
    pub const fn all() -> Self {
        Self {
            visibility: None,
            status: None,
            sealed: None,
            owners: Vec::new(),
            external_ref: None,
            category: None,
            words: Vec::new(),
            order: PollOrder::Newest,
        }
    }

    /// Filters, sorts and paginates `polls`, for stores without an index of their own.
    #[must_use]
    pub fn paginate(
        &self,
        polls: impl IntoIterator<Item = PollState>,
        page: &PageRequest,
        now: Timestamp,
    ) -> Page<PollState> {
        let mut states: Vec<PollState> = polls
            .into_iter()
            .filter(|state| self.matches(state, now))
            .filter(|state| {
                let cursor = page.cursor();
                cursor.is_none_or(|cursor| cursor.precedes(state, self.order))
            })
            .collect();
        states.sort_unstable_by(|a, b| self.order.compare(a, b));
        let offset = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let limit = usize::try_from(page.limit()).unwrap_or(usize::MAX);
        let entries = states
            .into_iter()
            .skip(offset)
            .take(limit.saturating_add(1));
        Page::from_entries(entries.collect(), page, |last| PollCursor::of(last, self))
    }

    /// Counts the polls that match, for stores without an index of their own.
    #[must_use]
    pub fn count<'a>(
        &self,
        polls: impl IntoIterator<Item = &'a PollState>,
        now: Timestamp,
    ) -> PollCount {
        let matching = polls.into_iter().filter(|state| self.matches(state, now));
        PollCount::capped(u64::try_from(matching.count()).unwrap_or(u64::MAX))
    }

    /// Returns true if the poll matches at `now`. Ignores the order.
    #[must_use]
    pub fn matches(&self, state: &PollState, now: Timestamp) -> bool {
        fn is<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
            wanted.is_none() || wanted == found
        }
        let poll = &state.poll;
        is(self.visibility.as_ref(), Some(&poll.visibility))
            && is(self.status.as_ref(), Some(&state.status(now)))
            && is(self.sealed.as_ref(), Some(&poll.is_sealed()))
            && is(self.external_ref.as_ref(), poll.external_ref.as_ref())
            && is(self.category.as_ref(), poll.category.as_ref())
            && (self.owners.is_empty()
                || poll
                    .owner
                    .is_some_and(|owner| self.owners.contains(&owner.id)))
            && (self.words.is_empty() || matches_words(&title_words(&poll.title), &self.words))
    }

    /// Returns a digest of the filter and the order. A cursor contains the digest of its
    /// list.
    pub(super) fn digest(&self) -> [u8; 8] {
        let mut hasher = blake3::Hasher::new_derive_key("votify 2026-11 list query");
        let mut add = |field: &[u8]| {
            let length = u64::try_from(field.len()).unwrap_or(u64::MAX);
            hasher.update(&length.to_be_bytes());
            hasher.update(field);
        };
        let Self {
            visibility,
            status,
            sealed,
            owners,
            external_ref,
            category,
            words,
            order,
        } = self;
        add(format!("{visibility:?} {status:?} {sealed:?} {order:?}").as_bytes());
        for text in [external_ref, category] {
            add(&[u8::from(text.is_some())]);
            add(text.as_deref().unwrap_or_default().as_bytes());
        }
        add(&owners.len().to_be_bytes());
        owners.iter().for_each(|owner| add(owner.as_bytes()));
        words.iter().for_each(|word| add(word.as_bytes()));
        let mut digest = [0; 8];
        digest.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        digest
    }
}
