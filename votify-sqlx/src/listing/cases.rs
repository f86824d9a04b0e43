//! Filters and statements of every kind, for tests of the query plans.

use votify_core::poll::Visibility;
use votify_core::store::{PollFilter, PollOrder};
use votify_core::{PollStatus, Timestamp};

use super::query::{Listing, Part, Source};
use crate::backend::{Call, ListingSyntax};

/// Returns a filter for each order, status, seal, visibility and narrowing filter, with
/// and without words.
pub(crate) fn all_filters() -> Vec<PollFilter> {
    use PollStatus::{Closed, Open, Scheduled};
    let statuses = [
        (None, None),
        (None, Some(true)),
        (None, Some(false)),
        (Some(Scheduled), None),
        (Some(Open), None),
        (Some(Closed), None),
        (Some(Closed), Some(false)),
    ];
    let public = Some(Visibility::Public);
    let owner = |id| votify_core::voter::OwnerId::from_bytes([id; 16]);
    let narrowed =
        |visibility, category: Option<&str>, external_ref: Option<&str>, owners| PollFilter {
            visibility,
            category: category.map(str::to_owned),
            external_ref: external_ref.map(str::to_owned),
            owners,
            ..PollFilter::all()
        };
    let narrowed = [
        narrowed(public, None, None, vec![]),
        narrowed(None, None, None, vec![]),
        narrowed(Some(Visibility::Unlisted), None, None, vec![]),
        narrowed(public, Some("food"), None, vec![]),
        narrowed(None, None, None, vec![owner(1)]),
        narrowed(None, None, None, vec![owner(1), owner(2)]),
        narrowed(None, None, Some("meeting"), vec![]),
    ];
    let mut filters = Vec::new();
    for filter in narrowed {
        for order in PollOrder::ALL {
            for (status, sealed) in statuses {
                for words in [vec![], vec!["lunch".to_owned(), "on".to_owned()]] {
                    filters.push(PollFilter {
                        status,
                        sealed,
                        words,
                        order,
                        ..filter.clone()
                    });
                }
            }
        }
    }
    filters
}

/// Returns the filters of scheduled polls by opening time that have an index with this
/// order.
pub(crate) fn scheduled_by_opening() -> impl Iterator<Item = PollFilter> {
    all_filters().into_iter().filter(|filter| {
        filter.status == Some(PollStatus::Scheduled)
            && filter.order == PollOrder::Opening
            && filter.owners.is_empty()
            && filter.external_ref.is_none()
    })
}

/// Returns the calls of a list: the ids of its first page and of a page after a cursor,
/// and the count.
pub(crate) fn all_calls(filter: &PollFilter, syntax: ListingSyntax) -> Vec<(Source, Call)> {
    let cursor = format!("{}{}", "0".repeat(32), "1".repeat(32));
    let cursor = cursor.parse().unwrap();
    let listing = Listing::new(filter, Timestamp::EPOCH, syntax);
    let mut sources = vec![Source::Index];
    if listing.probe(1).is_some() {
        sources.push(Source::Word(0));
    }
    let mut calls = Vec::new();
    for source in sources {
        for part in [Part::All, Part::TiesAfter(cursor), Part::KeysAfter(cursor)] {
            calls.push((source, listing.ids_call(source, part, 21, 0)));
        }
        calls.push((source, listing.count_call(source)));
    }
    calls
}
