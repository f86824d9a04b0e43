//! How long the core's parts take, each by itself: `cargo bench -p votify-core`. What they come to together is measured by
//! `cargo xtask bench`.

mod decide;
mod frames;
mod intake;
mod methods;
mod scene;
mod views;

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
    intake::bench(&mut criterion)?;
    frames::bench(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}
