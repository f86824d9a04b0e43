//! Microbenchmarks of core's parts: `cargo bench -p votify-core`. `cargo xtask bench`
//! measures the whole.

mod decide;
mod fixtures;
mod frames;
mod methods;
mod views;
mod voting;

use std::time::Duration;

use anyhow::Result;
use criterion::Criterion;

fn main() -> Result<()> {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20)
        .configure_from_args();
    decide::bench(&mut criterion)?;
    views::bench(&mut criterion)?;
    methods::bench(&mut criterion)?;
    voting::bench(&mut criterion)?;
    frames::bench(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}
