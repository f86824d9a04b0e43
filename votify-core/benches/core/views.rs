use std::hint::black_box;

use anyhow::Result;
use criterion::Criterion;
use votify_core::{Audience, TallyView};

use crate::fixtures::{poll, tally};

/// Measures the creation of a view, for small and large polls.
pub(crate) fn bench(criterion: &mut Criterion) -> Result<()> {
    for options in [2, 100] {
        let poll = poll(options)?;
        let tally = tally(&poll, 1_000)?;
        criterion.bench_function(&format!("view/{options} options"), |bencher| {
            bencher.iter(|| TallyView::new(black_box(&poll), black_box(&tally), Audience::Public));
        });
    }
    Ok(())
}
