//! Reads listings in order, several as one.

use votify_core::store::{PollCursor, PollOrder};

use super::entry::Place;
use crate::store::RedisStore;
use crate::store::error::{Corrupt, Error};
use crate::store::poll_read::{bytes, list};
use crate::store::scripts::LIST;

/// Maximum places per read, over all listings. A place takes 24 bytes.
const MAX_PLACES: usize = 20_000;

/// A reader of several listings that do not overlap, as if they were one.
pub(super) struct Scan<'a> {
    store: &'a RedisStore,
    listings: Vec<String>,
    /// The bound of the next read, as Redis writes it.
    upper_bound: Vec<u8>,
}

impl<'a> Scan<'a> {
    /// Starts at `upper_bound`, or after the cursor if that is later.
    pub(super) fn new(
        store: &'a RedisStore,
        listings: Vec<String>,
        upper_bound: Vec<u8>,
        after: Option<PollCursor>,
        order: PollOrder,
    ) -> Self {
        let mut scan = Self {
            store,
            listings,
            upper_bound,
        };
        if let Some(cursor) = after {
            let place = Place::new(order, cursor.key(), cursor.id());
            let bound = bound_after(place);
            // Both are exclusive, so their members compare like the bounds.
            if scan.upper_bound == b"+" || bound < scan.upper_bound {
                scan.upper_bound = bound;
            }
        }
        scan
    }

    /// Reads the next places, at most `count`. Returns none at the end.
    pub(super) async fn next(&mut self, count: usize) -> Result<Vec<Place>, Error> {
        if self.listings.is_empty() || count == 0 {
            return Ok(Vec::new());
        }
        let per_listing = (MAX_PLACES / self.listings.len()).clamp(1, count);
        let argument = per_listing.to_string();
        let arguments = [&*self.upper_bound, argument.as_bytes()];
        let reply = LIST
            .call(&self.store.redis, &self.listings, &arguments)
            .await?;
        let corrupt = || Error::from(Corrupt::of_listing("the reply of a script"));
        let pages = list(reply).ok_or_else(corrupt)?.into_iter();
        let mut places = Vec::new();
        let mut has_more = Vec::with_capacity(self.listings.len());
        // The first place after which a listing has unread places. Later places wait for
        // the next read, because unread places may precede them.
        let mut cut = None;
        for page in pages {
            let page = list(page).ok_or_else(corrupt)?.into_iter();
            let page = page.map(|member| Place::parse(&bytes(member)?));
            let page = page.collect::<Option<Vec<Place>>>().ok_or_else(corrupt)?;
            if page.len() >= per_listing {
                cut = cut.max(page.last().copied());
            }
            has_more.push(!page.is_empty());
            places.extend(page);
        }
        let mut has_more = has_more.into_iter();
        self.listings
            .retain(|_| has_more.next().unwrap_or_default());
        places.sort_unstable_by(|a, b| b.cmp(a));
        places.retain(|place| Some(*place) >= cut);
        places.truncate(count);
        if let Some(last) = places.last() {
            self.upper_bound = bound_after(*last);
        }
        Ok(places)
    }
}

/// Returns the upper bound of the places after `place`.
fn bound_after(place: Place) -> Vec<u8> {
    [b"(".as_slice(), &place.to_member()].concat()
}
