//! The index of title words.

use std::collections::HashSet;

use redis::cmd;
use votify_core::PollId;
use votify_core::store::PollFilter;

use super::keys::words_key;
use super::query::{Query, Range, visibilities};
use super::sizes;
use crate::store::RedisStore;
use crate::store::error::{Corrupt, Error};

/// Maximum polls whose rows are read for a word: about 10 MiB. For a more frequent word,
/// a scan of the listings soon finds enough polls.
const MAX_CANDIDATES: u64 = 10_000;

/// Returns all polls with the rarest word of the filter. Returns `None` if there are no
/// words, or if a scan of the listings reads fewer polls.
pub(super) async fn candidates(
    store: &RedisStore,
    filter: &PollFilter,
    query: &Query<'_>,
) -> Result<Option<Vec<PollId>>, Error> {
    if filter.words.is_empty() {
        return Ok(None);
    }
    let visibilities = visibilities(filter);
    let words = filter.words.iter().flat_map(|word| {
        let range = |visibility| Range {
            key: words_key(&store.redis, visibility),
            min: [b"[", word.as_bytes()].concat(),
            // No UTF-8 text contains this byte.
            max: [b"(", word.as_bytes(), b"\xff"].concat(),
        };
        visibilities.iter().copied().map(range)
    });
    let mut ranges: Vec<Range> = words.collect();
    let words = ranges.len();
    ranges.extend(query.listings().into_iter().map(Range::whole));
    let sizes = sizes(store, &ranges).await?;
    let (word_sizes, listing_sizes) = sizes.split_at(words);
    let word_sizes = word_sizes.chunks(visibilities.len());
    let rarest = word_sizes
        .map(|sizes| sizes.iter().sum::<u64>())
        .enumerate()
        .min_by_key(|(_, size)| *size);
    let Some((rarest, size)) = rarest else {
        return Ok(None);
    };
    if size > MAX_CANDIDATES || size > listing_sizes.iter().sum() {
        return Ok(None);
    }
    let mut ids = HashSet::new();
    let first = rarest * visibilities.len();
    for range in ranges.iter().skip(first).take(visibilities.len()) {
        let mut read = cmd("ZRANGE");
        read.arg(&range.key).arg(&range.min).arg(&range.max);
        // Words that were added since the count are not needed.
        read.arg("BYLEX").arg("LIMIT").arg(0).arg(MAX_CANDIDATES);
        let members: Vec<Vec<u8>> = store.redis.run(&read).await?;
        for member in members {
            let id = member.last_chunk::<16>();
            let id = id.ok_or_else(|| Corrupt::of_listing("a word"))?;
            ids.insert(PollId::from_bytes(*id));
        }
    }
    Ok(Some(ids.into_iter().collect()))
}
