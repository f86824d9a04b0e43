//! Store latencies of polls with few and with many ballots.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use votify_core::Store;

use crate::database::DatabaseKind;
use crate::growing_poll::{BATCH, FILL_BATCH, GrowingPoll, Latencies};
use crate::open_store::open_store;
use crate::report::{Figure, Row, Target, count};
use crate::scratch_database::ScratchDatabase;

const LARGE: usize = 1_000_000;
const SMALL: usize = 1_000;
const RUNS: usize = 5;
const SAMPLES_PER_RUN: usize = 30;
/// The sizes of the growing poll.
const SIZES: [usize; 4] = [1_000, 10_000, 100_000, LARGE];

/// Compares a large poll with small ones.
///
/// # Errors
/// If a ballot is not counted, or the recount differs from the cast ballots.
#[tokio::main]
pub(crate) async fn measure(name: &'static str, kind: DatabaseKind) -> Result<Figure> {
    let (database, (before, runs)) = ScratchDatabase::with(kind, async |database| {
        let store = open_store(kind, database.url()).await?;
        Ok((database.describe().await?, compare_sizes(store).await?))
    })
    .await?;
    Ok(Figure {
        name,
        about: about(&database),
        rows: rows(&before, &runs),
    })
}

fn about(database: &str) -> String {
    format!(
        "A store without other load: a poll with {} ballots, compared with new polls with {}. A \
         sample casts one ballot of a new voter, casts a batch of {BATCH}, and reads the tally, in \
         the large poll and in a small one. A run has {SAMPLES_PER_RUN} samples and reports their \
         medians. One run with small polls only comes before the large poll is filled. A recount of \
         the large poll must equal its ballots. The database is {database}.",
        count(LARGE),
        count(SMALL),
    )
}

/// The label of a latency, and its value.
type Column = (&'static str, fn(&Latencies) -> f64);

fn rows(before: &Latencies, runs: &[Run]) -> Vec<Row> {
    let columns: [Column; 3] = [
        ("one ballot", |latencies| latencies.one),
        ("a batch", |latencies| latencies.batch),
        ("the tally", |latencies| latencies.tally),
    ];
    let mut rows = Vec::new();
    for (label, value) in columns {
        let row = |poll: &str, unit, values| Row::new(format!("{label}, {poll}"), unit, values);
        let values = |of_run: fn(&Run) -> &Latencies| {
            let runs = runs.iter();
            runs.map(|run| value(of_run(run))).collect::<Vec<_>>()
        };
        let ratios = runs.iter().map(|run| value(&run.large) / value(&run.small));
        rows.extend([
            row(
                "small poll, before the large one was filled",
                "ms",
                vec![value(before)],
            ),
            row("small poll", "ms", values(|run| &run.small)),
            row("large poll", "ms", values(|run| &run.large)),
            row("large relative to small", "times", ratios.collect()).target(Target::AtMost(1.2)),
        ]);
    }
    rows
}

/// Medians of the samples of one run.
#[derive(Debug)]
struct Run {
    small: Latencies,
    large: Latencies,
}

/// Returns the latencies of small polls before the large one exists, and the runs with
/// both.
async fn compare_sizes(store: Arc<dyn Store>) -> Result<(Latencies, Vec<Run>)> {
    let before = small_only(&*store).await?;
    let mut large = GrowingPoll::with_ballots(LARGE, &*store).await?;
    let mut runs = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let (mut of_small, mut of_large) = (Vec::new(), Vec::new());
        for index in 0..SAMPLES_PER_RUN {
            let mut small = GrowingPoll::with_ballots(SMALL, &*store).await?;
            // The order alternates, because the second poll finds warmer database caches.
            if index % 2 == 0 {
                of_small.push(small.sample(&*store).await?);
                of_large.push(large.sample(&*store).await?);
            } else {
                of_large.push(large.sample(&*store).await?);
                of_small.push(small.sample(&*store).await?);
            }
        }
        runs.push(Run {
            small: Latencies::medians(&of_small),
            large: Latencies::medians(&of_large),
        });
    }
    let audit = store.audit_poll(large.id).await?;
    ensure!(
        audit.is_exact() && audit.stored.total_votes == large.ballots,
        "{} ballots were counted, but the recount is {audit:?}",
        large.ballots
    );
    Ok((before, runs))
}

async fn small_only(store: &dyn Store) -> Result<Latencies> {
    let mut samples = Vec::with_capacity(SAMPLES_PER_RUN);
    for _ in 0..SAMPLES_PER_RUN {
        let mut poll = GrowingPoll::with_ballots(SMALL, store).await?;
        samples.push(poll.sample(store).await?);
    }
    Ok(Latencies::medians(&samples))
}

/// Measures one poll on PostgreSQL while it grows.
///
/// # Errors
/// If a ballot is not counted.
#[tokio::main]
pub(crate) async fn growth() -> Result<Figure> {
    let kind = DatabaseKind::Postgres;
    let (database, rows) = ScratchDatabase::with(kind, async |database| {
        let store = open_store(kind, database.url()).await?;
        let mut poll = GrowingPoll::with_ballots(0, &*store).await?;
        let mut rows = Vec::new();
        for size in SIZES {
            rows.extend(grow_to(size, &mut poll, &*store).await?);
        }
        Ok((database.describe().await?, rows))
    })
    .await?;
    Ok(Figure {
        name: "ballot-growth",
        about: growth_about(&database),
        rows,
    })
}

fn growth_about(database: &str) -> String {
    format!(
        "A store without other load: one poll that grows. Each size has {SAMPLES_PER_RUN} samples \
         and reports their medians. A sample casts one ballot of a new voter, casts a batch of \
         {BATCH}, and reads the tally. The database is {database}."
    )
}

async fn grow_to(size: usize, poll: &mut GrowingPoll, store: &dyn Store) -> Result<[Row; 4]> {
    let missing = size - usize::try_from(poll.ballots)?;
    let start = Instant::now();
    poll.fill(missing, store).await?;
    let fill_rate = f64::from(u32::try_from(missing)?) / start.elapsed().as_secs_f64();
    let mut samples = Vec::with_capacity(SAMPLES_PER_RUN);
    for _ in 0..SAMPLES_PER_RUN {
        samples.push(poll.sample(store).await?);
    }
    let latencies = Latencies::medians(&samples);
    let row = |label: String, unit, value| {
        Row::new(
            format!("{} ballots: {label}", count(size)),
            unit,
            vec![value],
        )
    };
    Ok([
        row(
            format!("filled in batches of {}", count(FILL_BATCH)),
            "ballots a second",
            fill_rate,
        ),
        row("one ballot".to_owned(), "ms", latencies.one),
        row(format!("a batch of {BATCH}"), "ms", latencies.batch),
        row("the tally".to_owned(), "ms", latencies.tally),
    ])
}
