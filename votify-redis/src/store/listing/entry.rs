use votify_core::backend::title_words;
use votify_core::poll::PollState;
use votify_core::store::PollOrder;
use votify_core::voter::OwnerKind;
use votify_core::{PollId, Position, Visibility};

use super::keys::{Phase, Scope, listing_key, words_key};
use crate::connect::Redis;
use crate::store::error::{Corrupt, Error};

/// The part of a poll that listings need: to filter it, and to derive its entries.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row(PollState);

/// An entry in a listing or in the words: the key and the member.
pub(super) type IndexEntry = (String, Vec<u8>);

/// A poll's place in a listing: its sort key, then its id. The first poll of a listing
/// has the greatest place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    sort_key: [u8; 8],
    id: [u8; 16],
}

impl Place {
    pub(super) fn of(state: &PollState, order: PollOrder) -> Self {
        Self::new(order, order.sort_key(state), state.poll.id)
    }

    pub(super) fn new(order: PollOrder, sort_key: i64, id: PollId) -> Self {
        Self {
            sort_key: sortable(order, sort_key),
            id: *id.as_bytes(),
        }
    }

    /// Parses a member of a listing.
    pub(super) fn parse(member: &[u8]) -> Option<Self> {
        let (sort_key, id) = member.split_first_chunk()?;
        Some(Self {
            sort_key: *sort_key,
            id: id.try_into().ok()?,
        })
    }

    pub(super) fn to_member(self) -> Vec<u8> {
        [&self.sort_key[..], &self.id].concat()
    }

    pub(super) fn id(self) -> PollId {
        PollId::from_bytes(self.id)
    }

    /// Returns the poll's [sort key](PollOrder::sort_key).
    pub(super) fn sort_key(self, order: PollOrder) -> i64 {
        let ascending = u64::from_be_bytes(self.sort_key);
        let ascending = if order.is_descending() {
            ascending
        } else {
            !ascending
        };
        (ascending ^ SIGN).cast_signed()
    }
}

/// The sign bit, inverted so that negative numbers sort first.
const SIGN: u64 = 1 << 63;

/// Returns bytes that sort like the numbers of `order`, the first poll's greatest.
pub(super) fn sortable(order: PollOrder, sort_key: i64) -> [u8; 8] {
    let ascending = sort_key.cast_unsigned() ^ SIGN;
    let sortable = if order.is_descending() {
        ascending
    } else {
        !ascending
    };
    sortable.to_be_bytes()
}

impl Row {
    pub(super) fn new(mut state: PollState) -> Self {
        // Of the counts, the status needs only whether there ever was a ballot.
        state.tally.total_votes = u64::from(state.tally.ever_had_ballots());
        state.tally.counts.clear();
        state.poll.description.clear();
        state.poll.options.clear();
        state.poll.metadata = None;
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

    /// Returns the poll's entries in all listings and in the words.
    pub(super) fn entries(&self, redis: &Redis) -> Vec<IndexEntry> {
        let poll = &self.0.poll;
        let visibility = poll.visibility;
        let mut scopes = vec![Scope::Visibility(visibility)];
        if let Some(category) = &poll.category {
            scopes.push(Scope::Category(visibility, category));
        }
        if let Some(owner) = poll.owner {
            scopes.push(Scope::Owner(owner.id));
        }
        if let Some(external_ref) = &poll.external_ref {
            scopes.push(Scope::ExternalRef(external_ref));
        }
        let phase = Phase::of(&self.0);
        let mut entries = Vec::with_capacity(32);
        for order in PollOrder::ALL {
            let member = Place::of(&self.0, order).to_member();
            for scope in &scopes {
                entries.push((listing_key(redis, order, phase, *scope), member.clone()));
            }
        }
        let owner_kind = poll.owner.map(|owner| owner.kind);
        if owner_kind == Some(OwnerKind::Session) {
            let order = PollOrder::Newest;
            let member = Place::of(&self.0, order).to_member();
            let key = listing_key(redis, order, phase, Scope::Sessions);
            entries.push((key, member));
        }
        entries.extend(word_entries(redis, visibility, &poll.title, poll.id));
        entries
    }
}

fn word_entries(
    redis: &Redis,
    visibility: Visibility,
    title: &str,
    id: PollId,
) -> impl Iterator<Item = IndexEntry> {
    let key = words_key(redis, visibility);
    title_words(title).into_iter().map(move |word| {
        let member = [word.as_bytes(), b"\0", id.as_bytes()].concat();
        (key.clone(), member)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_sort_like_polls() {
        let numbers = [i64::MIN, -25, -1, 0, 1, 1_000, i64::MAX];
        let (low, high) = (PollId::from_bytes([1; 16]), PollId::from_bytes([2; 16]));
        for order in PollOrder::ALL {
            let places = numbers.map(|number| Place::new(order, number, low));
            assert_eq!(places.is_sorted(), order.is_descending());
            assert_eq!(places.map(|place| place.sort_key(order)), numbers);
            for place in places {
                assert_eq!(Place::parse(&place.to_member()), Some(place));
                assert!(place < Place::new(order, place.sort_key(order), high));
            }
        }
    }
}
