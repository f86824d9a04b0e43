//! Latencies of lists in a store, without HTTP.

use std::time::Instant;

use anyhow::{Result, ensure};
use votify_core::backend::search_words;
use votify_core::store::{PollFilter, PollOrder};
use votify_core::{Clock, PageRequest, PollId, Store, SystemClock};

use super::listed_polls::{LAST_PAGE_OFFSET, ListedPolls, POLLS, open_polls, title};

pub(super) const SAMPLES: u32 = 57;

/// Median latencies of a run, in milliseconds.
#[derive(Debug)]
pub(super) struct StoreLatencies {
    pub(super) first_page: f64,
    pub(super) trending: f64,
    /// A search with one result.
    pub(super) search: f64,
    /// A search of whose words each is in every title.
    pub(super) frequent_words: f64,
    /// The last page, after a cursor.
    pub(super) last_page: f64,
    pub(super) count: f64,
}

/// Reads lists one after the other.
///
/// # Errors
/// If the store fails, or returns other polls than expected.
pub(super) async fn measure(store: &dyn Store, polls: &ListedPolls) -> Result<StoreLatencies> {
    let filter = open_polls();
    let trending = PollFilter {
        order: PollOrder::Trending,
        ..filter.clone()
    };
    let frequent_words = PollFilter {
        words: search_words("lunch with team"),
        ..filter.clone()
    };
    let after = PageRequest::after(polls.cursor(LAST_PAGE_OFFSET)?, 20)?;
    let mut times: [Vec<f64>; 6] = Default::default();
    for sample in 0..SAMPLES {
        let number = sample * 1_741 % POLLS;
        let search = PollFilter {
            words: search_words(&title(number)),
            ..filter.clone()
        };
        let [
            first_page,
            of_trending,
            of_search,
            of_frequent,
            last_page,
            count,
        ] = &mut times;
        let lists = [
            (&filter, PageRequest::FIRST, first_page),
            (&trending, PageRequest::new(1, 10)?, of_trending),
            (&search, PageRequest::FIRST, of_search),
            (&frequent_words, PageRequest::FIRST, of_frequent),
            (&filter, after, last_page),
        ];
        let mut found = Vec::new();
        for (filter, page, times) in lists {
            let start = Instant::now();
            let page = store.list_polls(filter, &page, SystemClock.now()).await?;
            times.push(milliseconds_since(start));
            found.push(page.items.iter().map(|state| state.poll.id).collect());
        }
        let start = Instant::now();
        let counted = store.count_polls(&filter, SystemClock.now()).await?;
        count.push(milliseconds_since(start));
        ensure!(counted.is_more, "{counted:?}");
        check(&found, number, polls)?;
    }
    let [
        first_page,
        trending,
        search,
        frequent_words,
        last_page,
        count,
    ] = times.map(median);
    Ok(StoreLatencies {
        first_page,
        trending,
        search,
        frequent_words,
        last_page,
        count,
    })
}

/// Compares the polls of all lists with the created polls.
fn check(found: &[Vec<PollId>], number: u32, polls: &ListedPolls) -> Result<()> {
    let newest = polls.ids(0, 20)?;
    let expected = [
        newest.clone(),
        polls.ids(0, 10)?,
        polls.ids(POLLS - 1 - number, 1)?,
        newest,
        polls.ids(LAST_PAGE_OFFSET, 20)?,
    ];
    for (list, (found, expected)) in found.iter().zip(&expected).enumerate() {
        ensure!(
            found == expected,
            "list {list}: {found:?}, not {expected:?}"
        );
    }
    Ok(())
}

pub(super) fn milliseconds_since(start: Instant) -> f64 {
    1e3 * start.elapsed().as_secs_f64()
}

pub(super) fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
