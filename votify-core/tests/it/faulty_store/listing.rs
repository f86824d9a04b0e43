//! Lists of polls, with the faults of filters, orders and cursors.

use std::cmp::{Ordering, Reverse};

use votify_core::backend::title_words;
use votify_core::poll::PollState;
use votify_core::store::{Page, PageRequest, PollFilter, PollOrder};
use votify_core::{PollCursor, PollStatus, Timestamp};

use super::fault::Fault;

/// A poll with the title that it was created with.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) state: PollState,
    pub(crate) first_title: String,
}

/// Returns true if the poll matches, apart from the fault.
pub(crate) fn matches(
    listed: &Listed,
    filter: &PollFilter,
    now: Timestamp,
    fault: Option<Fault>,
) -> bool {
    let poll = &listed.state.poll;
    let mut others = filter.clone();
    let matches_field = match fault {
        Some(Fault::CaseInsensitiveCategories) => {
            let folded = |name: &Option<String>| name.as_ref().map(|name| name.to_lowercase());
            others.category = None;
            filter.category.is_none() || folded(&filter.category) == folded(&poll.category)
        }
        Some(Fault::TrimmedExternalRefs) => {
            let trimmed = |text: &Option<String>| text.as_ref().map(|text| text.trim().to_owned());
            others.external_ref = None;
            filter.external_ref.is_none()
                || trimmed(&filter.external_ref) == trimmed(&poll.external_ref)
        }
        Some(Fault::SearchInsideWords) => {
            others.words.clear();
            let words = title_words(&poll.title);
            let is_inside = |wanted: &String| words.iter().any(|word| word.contains(wanted));
            filter.words.iter().all(is_inside)
        }
        Some(Fault::StaleWords) => {
            others.words.clear();
            let words = title_words(&listed.first_title);
            let is_begun = |wanted: &String| words.iter().any(|word| word.starts_with(wanted));
            filter.words.iter().all(is_begun)
        }
        Some(Fault::TruncatedWords) => {
            others.words.clear();
            let words = title_words(&poll.title);
            let words = words
                .iter()
                .map(|word| &word[..word.floor_char_boundary(255)]);
            let words: Vec<&str> = words.collect();
            let is_begun = |wanted: &String| words.iter().any(|word| word.starts_with(wanted));
            filter.words.iter().all(is_begun)
        }
        Some(Fault::SearchIgnoresVisibility) if !filter.words.is_empty() => {
            others.visibility = None;
            true
        }
        Some(Fault::UnlistedPollsListed) => {
            others.visibility = None;
            true
        }
        Some(Fault::OnlyFirstOwner) => {
            others.owners.truncate(1);
            true
        }
        Some(Fault::ClockReschedulesPolls) => {
            others.status = None;
            filter
                .status
                .is_none_or(|status| poll.status(now, false) == status)
        }
        _ => true,
    };
    matches_field && others.matches(&listed.state, now)
}

fn compare(order: PollOrder, a: &PollState, b: &PollState) -> Ordering {
    let end = |state: &PollState| (state.poll.closes_at.is_none(), state.poll.closes_at);
    let start = |state: &PollState| state.poll.opens_at.unwrap_or(state.poll.created_at);
    match order {
        PollOrder::Newest => b.poll.created_at.cmp(&a.poll.created_at),
        PollOrder::Closing => end(a).cmp(&end(b)),
        PollOrder::Opening => start(a).cmp(&start(b)),
        PollOrder::Trending => b.trending.rank().cmp(&a.trending.rank()),
    }
}

/// Sorts and paginates states that match, apart from the fault.
pub(crate) fn paginate(
    mut states: Vec<PollState>,
    filter: &PollFilter,
    page: &PageRequest,
    fault: Option<Fault>,
) -> Page<PollState> {
    if fault != Some(Fault::UnorderedTies) {
        states.sort_by_key(|state| Reverse(state.poll.id));
    }
    states.sort_by(|a, b| compare(filter.order, a, b));
    let order = filter.order;
    if let Some(cursor) = page.cursor() {
        let is_tied = |state: &PollState| order.sort_key(state) == cursor.key();
        match fault {
            Some(Fault::CursorSkipsTies) => {
                states.retain(|state| cursor.precedes(state, order) && !is_tied(state));
            }
            Some(Fault::CursorRepeatsTies) => {
                states.retain(|state| cursor.precedes(state, order) || is_tied(state));
            }
            Some(Fault::CursorNeedsItsPoll) => {
                let last = states.iter().position(|state| state.poll.id == cursor.id());
                states.drain(..last.map_or(0, |last| last + 1));
            }
            _ => states.retain(|state| cursor.precedes(state, order)),
        }
    }
    let (offset, limit) = (page.offset() as usize, page.limit() as usize);
    states.drain(..offset.min(states.len()));
    let has_more = match fault {
        Some(Fault::NextAfterFullPage) => states.len() >= limit,
        _ => states.len() > limit,
    };
    states.truncate(limit);
    let last = states.last().filter(|_| has_more);
    Page {
        next: last.map(|last| PollCursor::of(last, filter)),
        items: states,
    }
}

/// Returns true if the poll's clock alone decides that it has not opened.
pub(crate) fn is_scheduled_by_clock(state: &PollState, now: Timestamp) -> bool {
    state.poll.status(now, false) == PollStatus::Scheduled
}
