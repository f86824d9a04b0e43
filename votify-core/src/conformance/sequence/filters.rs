use std::ops::Range;

use crate::backend::search_words;
use crate::conformance::sequence::operation::{SLOTS, external_ref};
use crate::poll::{Poll, PollStatus, Visibility};
use crate::store::{PollFilter, PollOrder};

/// Returns the filters whose lists are compared. All of them select `category`.
pub(crate) fn filters(polls: &[Poll], category: &str) -> Vec<PollFilter> {
    let own = PollFilter {
        category: Some(category.to_owned()),
        ..PollFilter::all()
    };
    let by_owners = |slots: Range<usize>| PollFilter {
        owners: polls[slots]
            .iter()
            .filter_map(|poll| Some(poll.owner?.id))
            .collect(),
        ..own.clone()
    };
    let by_visibility = |visibility| PollFilter {
        visibility: Some(visibility),
        ..own.clone()
    };
    let by_status = |status| PollFilter {
        status: Some(status),
        ..own.clone()
    };
    let by_seal = |sealed| PollFilter {
        sealed: Some(sealed),
        ..own.clone()
    };
    let by_order = |order| PollFilter {
        order,
        ..own.clone()
    };
    vec![
        by_order(PollOrder::Newest),
        by_order(PollOrder::Closing),
        by_order(PollOrder::Opening),
        by_status(PollStatus::Scheduled),
        by_status(PollStatus::Open),
        by_status(PollStatus::Closed),
        by_seal(true),
        by_seal(false),
        PollFilter {
            words: search_words("TIT 1"),
            ..own.clone()
        },
        PollFilter {
            words: search_words("itle"),
            ..own.clone()
        },
        by_owners(0..1),
        by_owners(1..SLOTS),
        by_visibility(Visibility::Public),
        by_visibility(Visibility::Unlisted),
        PollFilter {
            external_ref: Some(external_ref(0)),
            ..own.clone()
        },
        PollFilter {
            status: Some(PollStatus::Open),
            sealed: Some(false),
            visibility: Some(Visibility::Public),
            words: search_words("title"),
            ..by_owners(0..SLOTS)
        },
        PollFilter {
            external_ref: Some(external_ref(0)),
            words: search_words("title"),
            ..by_owners(0..SLOTS)
        },
    ]
}
