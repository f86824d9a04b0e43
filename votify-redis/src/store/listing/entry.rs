use votify_core::poll::PollState;
use votify_core::store::{PollFilter, PollOrder};
use votify_core::{PollStatus, Position};

use crate::connect::Redis;
use crate::store::error::{Damaged, Fault};

/// What is kept of a poll beside the listings: enough to filter by, and to know its places.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row(PollState);

/// Where a poll stands in one listing: the listing's key, and the member.
pub(super) type Place = (String, Vec<u8>);

const ORDERS: [PollOrder; 4] = [
    PollOrder::Newest,
    PollOrder::Closing,
    PollOrder::Opening,
    PollOrder::Trending,
];

impl Row {
    pub(super) fn new(mut state: PollState) -> Self {
        state.poll.description.clear();
        state.poll.options.clear();
        state.tally.counts.clear();
        state.tally.total_votes = 0;
        Self(state)
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>, Fault> {
        serde_json::to_vec(&self.0).map_err(|error| Fault::Unwritable(error.to_string()))
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let row = serde_json::from_slice(bytes);
        row.map(Self)
            .map_err(|_| Damaged::of_listing("a poll's row"))
    }

    pub(super) fn state(&self) -> &PollState {
        &self.0
    }

    pub(super) fn position(&self) -> Position {
        self.0.tally.position
    }

    pub(super) fn places(&self, redis: &Redis) -> Vec<Place> {
        let poll = &self.0.poll;
        let mut places = Vec::with_capacity(16);
        for category in [None, poll.category.as_deref()] {
            for order in ORDERS {
                for sealed in [None, Some(poll.is_sealed())] {
                    places.push((key(redis, order, sealed, category), self.member(order)));
                }
            }
            if poll.category.is_none() {
                break;
            }
        }
        places
    }

    /// Listings are read from their end: what comes first is greatest, and among equals the greatest id.
    fn member(&self, order: PollOrder) -> Vec<u8> {
        let poll = &self.0.poll;
        let first = match order {
            PollOrder::Newest => ascending(poll.created_at.as_micros()),
            PollOrder::Closing => {
                !ascending(poll.closes_at.map_or(i64::MAX, |end| end.as_micros()))
            }
            PollOrder::Opening => !ascending(poll.opens_at.as_micros()),
            PollOrder::Trending => ordered_bits(self.0.trending.rank()),
        };
        let mut member = first.to_be_bytes().to_vec();
        member.extend_from_slice(poll.id.as_bytes());
        member
    }
}

/// Of no poll, and all in one slot of a cluster.
pub(super) fn common_key(redis: &Redis, rest: &str) -> String {
    redis.key(&format!("{{listings}}:{rest}"))
}

fn key(redis: &Redis, order: PollOrder, sealed: Option<bool>, category: Option<&str>) -> String {
    let order = match order {
        PollOrder::Newest => "newest",
        PollOrder::Closing => "closing",
        PollOrder::Opening => "opening",
        PollOrder::Trending => "trending",
    };
    let which = match sealed {
        None => "all",
        Some(true) => "sealed",
        Some(false) => "unsealed",
    };
    let of = category.map_or_else(String::new, |category| format!(":of:{category}"));
    common_key(redis, &format!("{order}:{which}{of}"))
}

/// The smallest listing that holds everything a filter lets through, and whether it holds nothing else.
pub(super) fn listing_for(redis: &Redis, filter: &PollFilter) -> (String, bool) {
    let unsealed = matches!(
        filter.status,
        Some(PollStatus::Open | PollStatus::Scheduled)
    );
    let sealed = filter.sealed.or(unsealed.then_some(false));
    let key = key(redis, filter.order, sealed, filter.category.as_deref());
    (key, filter.status.is_none() && filter.words.is_empty())
}

/// No moment is negative.
fn ascending(micros: i64) -> u64 {
    micros.unsigned_abs()
}

/// Bits that sort as the numbers do, by `f64::total_cmp`.
fn ordered_bits(number: f64) -> u64 {
    let bits = number.to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_sort_as_numbers_do() {
        let sorted = [f64::NEG_INFINITY, -2.5, -0.0, 0.0, 1e-9, 3.0, f64::INFINITY];
        assert!(sorted.map(ordered_bits).is_sorted());
    }
}
