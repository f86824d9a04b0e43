use votify_core::poll::PollState;
use votify_core::store::{PollFilter, PollOrder};
use votify_core::{PollStatus, Position};

use crate::connect::Redis;
use crate::store::error::{Corrupt, Error};

/// The part of a poll that listings need: to filter it, and to derive its entries.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row(PollState);

/// An entry in a listing: the listing's key and the member.
pub(super) type IndexEntry = (String, Vec<u8>);

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

    pub(super) fn encode(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(&self.0).map_err(|error| Error::Encode(error.to_string()))
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let row = serde_json::from_slice(bytes);
        row.map(Self).map_err(|_| Corrupt::of_listing("a row"))
    }

    pub(super) fn state(&self) -> &PollState {
        &self.0
    }

    pub(super) fn position(&self) -> Position {
        self.0.tally.position
    }

    /// Returns the poll's entries in all listings.
    pub(super) fn entries(&self, redis: &Redis) -> Vec<IndexEntry> {
        let poll = &self.0.poll;
        let mut entries = Vec::with_capacity(16);
        for category in [None, poll.category.as_deref()] {
            for order in ORDERS {
                for sealed in [None, Some(poll.is_sealed())] {
                    let key = listing_key(redis, order, sealed, category);
                    entries.push((key, self.member(order)));
                }
            }
            if poll.category.is_none() {
                break;
            }
        }
        entries
    }

    /// Returns the member of a listing: a sort key followed by the id.
    ///
    /// Listings are read in descending order, so the first poll has the greatest member.
    fn member(&self, order: PollOrder) -> Vec<u8> {
        let poll = &self.0.poll;
        let sort_key = match order {
            PollOrder::Newest => ascending(poll.created_at.as_micros()),
            PollOrder::Closing => {
                !ascending(poll.closes_at.map_or(i64::MAX, |time| time.as_micros()))
            }
            PollOrder::Opening => !ascending(poll.opens_at.as_micros()),
            PollOrder::Trending => ordered_bits(self.0.trending.rank()),
        };
        let mut member = sort_key.to_be_bytes().to_vec();
        member.extend_from_slice(poll.id.as_bytes());
        member
    }
}

/// Returns a key of the listings. On a cluster, all of them are in one
/// cluster slot.
pub(super) fn key(redis: &Redis, suffix: &str) -> String {
    redis.key(&format!("{{listings}}:{suffix}"))
}

/// Returns the key of the hash of rows by poll id.
pub(super) fn rows_key(redis: &Redis) -> String {
    key(redis, "rows")
}

/// Returns the key of the sorted set of intents, scored by time.
pub(super) fn intents_key(redis: &Redis) -> String {
    key(redis, "intents")
}

/// Returns the key of the sorted set of polls with changed trending scores.
pub(super) fn dirty_scores_key(redis: &Redis) -> String {
    key(redis, "dirty_scores")
}

fn listing_key(
    redis: &Redis,
    order: PollOrder,
    sealed: Option<bool>,
    category: Option<&str>,
) -> String {
    let order = match order {
        PollOrder::Newest => "newest",
        PollOrder::Closing => "closing",
        PollOrder::Opening => "opening",
        PollOrder::Trending => "trending",
    };
    let subset = match sealed {
        None => "all",
        Some(true) => "sealed",
        Some(false) => "unsealed",
    };
    let category = category.map_or_else(String::new, |category| format!(":category:{category}"));
    key(redis, &format!("{order}:{subset}{category}"))
}

/// Returns the smallest listing with all polls that match the filter, and whether it
/// contains no other polls.
pub(super) fn listing_for(redis: &Redis, filter: &PollFilter) -> (String, bool) {
    let unsealed = matches!(
        filter.status,
        Some(PollStatus::Open | PollStatus::Scheduled)
    );
    let sealed = filter.sealed.or(unsealed.then_some(false));
    let key = listing_key(redis, filter.order, sealed, filter.category.as_deref());
    (key, filter.status.is_none() && filter.words.is_empty())
}

/// Converts a timestamp, which is never negative, to a sortable number.
fn ascending(micros: i64) -> u64 {
    micros.unsigned_abs()
}

/// Returns bits that sort like `f64::total_cmp`.
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
    fn ordered_bits_sort_like_numbers() {
        let sorted = [f64::NEG_INFINITY, -2.5, -0.0, 0.0, 1e-9, 3.0, f64::INFINITY];
        assert!(sorted.map(ordered_bits).is_sorted());
    }
}
