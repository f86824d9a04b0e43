use std::hint::black_box;

use anyhow::Result;
use criterion::Criterion;
use votify_core::tally::{Method, PollResult};
use votify_core::{Audience, Tally, TallyView};

use crate::fixtures::{active_ballots, poll, tally};

/// Measures a recount of ballots, and the leaders of a result.
pub(crate) fn bench(criterion: &mut Criterion) -> Result<()> {
    let poll = poll(100)?;
    let ballots = active_ballots(&poll, 10_000)?;
    let empty = Tally::new(&poll);
    criterion.bench_function("method/recount of 10 000 ballots", |bencher| {
        bencher.iter(|| empty.recounted(black_box(&ballots)));
    });
    let result = PollResult {
        method: Method::of(&poll),
        view: TallyView::new(&poll, &tally(&poll, 10_000)?, Audience::Public),
    };
    criterion.bench_function("method/leaders of 100 options", |bencher| {
        bencher.iter(|| black_box(&result).leaders());
    });
    Ok(())
}
