//! Whether a poll grows slower as it grows larger.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use votify_core::voter::VoterPolicy;
use votify_core::{
    Ballot, BallotId, Choice, Clock, Keyring, PollDraft, PollId, Store, SystemClock, VoterId,
};

use crate::corner::Corner;
use crate::kind::Kind;
use crate::report::{Figure, Row, Target};
use crate::stores;

const LARGE: usize = 1_000_000;
const SMALL: usize = 1_000;
/// How many ballots are cast at a time while a poll is filled.
const FILLING: usize = 2_000;
/// As many as voters that vote at once.
const BATCH: usize = 256;
const RUNS: usize = 5;
/// In each run.
const TURNS: usize = 30;

/// # Errors
/// If a ballot is not counted, or a recount finds something else in the end.
#[tokio::main]
pub(crate) async fn measure(name: &'static str, kind: Kind) -> Result<Figure> {
    let (settings, (alone, runs)) = Corner::lend(kind, async |corner| {
        let store = stores::open(kind, corner.url()).await?;
        Ok((corner.settings().await?, runs(store).await?))
    })
    .await?;
    let row = |what: &str, unit, value: fn(&Run) -> f64| {
        Row::new(what, unit, runs.iter().map(value).collect())
    };
    let bound = Target::AtMost(1.2);
    let rows = vec![
        Row::new(
            "one ballot, small poll, before the large one was filled",
            "ms",
            vec![alone.one],
        ),
        row("one ballot, small poll", "ms", |run| run.small.one),
        row("one ballot, large poll", "ms", |run| run.large.one),
        row("one ballot, large to small", "times", |run| {
            run.large.one / run.small.one
        })
        .target(bound),
        Row::new(
            "a batch, small poll, before the large one was filled",
            "ms",
            vec![alone.batch],
        ),
        row("a batch, small poll", "ms", |run| run.small.batch),
        row("a batch, large poll", "ms", |run| run.large.batch),
        row("a batch, large to small", "times", |run| {
            run.large.batch / run.small.batch
        })
        .target(bound),
        Row::new(
            "the tally, small poll, before the large one was filled",
            "ms",
            vec![alone.tally],
        ),
        row("the tally, small poll", "ms", |run| run.small.tally),
        row("the tally, large poll", "ms", |run| run.large.tally),
        row("the tally, large to small", "times", |run| {
            run.large.tally / run.small.tally
        })
        .target(bound),
    ];
    let about = format!(
        "A store on its own, nobody else at work: a poll with {LARGE} standing ballots against polls with {SMALL}, a new \
         one at each turn. A turn casts one ballot of a new voter, then a batch of {BATCH}, and reads the tally, in the \
         large poll and in the small one; a run is {TURNS} turns, of which the medians count; the first run is made with small polls only, before the \
         large one is filled. A recount of the large \
         poll must find all its ballots. The database is {settings}."
    );
    Ok(Figure { name, about, rows })
}

/// How it grows on the way: PostgreSQL, one poll, at each of these sizes.
const SIZES: [usize; 4] = [1_000, 10_000, 100_000, LARGE];

/// # Errors
/// If a ballot is not counted.
#[tokio::main]
pub(crate) async fn growth() -> Result<Figure> {
    let (settings, rows) = Corner::lend(Kind::Postgres, async |corner| {
        let store = stores::open(Kind::Postgres, corner.url()).await?;
        let mut grown = Grown::to(0, &*store).await?;
        let mut rows = Vec::new();
        for size in SIZES {
            let missing = size - usize::try_from(grown.ballots)?;
            let begun = Instant::now();
            grown.fill(missing, &*store).await?;
            let filling = f64::from(u32::try_from(missing)?) / begun.elapsed().as_secs_f64();
            let mut turns = Vec::with_capacity(TURNS);
            for _ in 0..TURNS {
                turns.push(grown.turn(&*store).await?);
            }
            let times = Times::medians(&turns);
            let row = |what: &str, unit, value| {
                Row::new(format!("{size} ballots: {what}"), unit, vec![value])
            };
            rows.extend([
                row(
                    &format!("filled up in batches of {FILLING}"),
                    "ballots a second",
                    filling,
                ),
                row("one ballot", "ms", times.one),
                row(&format!("a batch of {BATCH}"), "ms", times.batch),
                row("the tally", "ms", times.tally),
            ]);
        }
        Ok((corner.settings().await?, rows))
    })
    .await?;
    let about = format!(
        "A store on its own, nobody else at work: one poll that grows. At each size {TURNS} turns are timed, of which the medians \
         count: one ballot of a new voter, a batch of {BATCH}, a read of the tally. The database is {settings}."
    );
    Ok(Figure {
        name: "ballot-growth",
        about,
        rows,
    })
}

/// Turns of small polls, each of which is new.
async fn alone(store: &dyn Store) -> Result<Times> {
    let mut turns = Vec::with_capacity(TURNS);
    for _ in 0..TURNS {
        turns.push(Grown::to(SMALL, store).await?.turn(store).await?);
    }
    Ok(Times::medians(&turns))
}

/// Medians of all turns.
#[derive(Debug)]
struct Run {
    small: Times,
    large: Times,
}

/// In milliseconds.
#[derive(Debug)]
struct Times {
    one: f64,
    batch: f64,
    tally: f64,
}

async fn runs(store: Arc<dyn Store>) -> Result<(Times, Vec<Run>)> {
    let alone = alone(&*store).await?;
    let mut large = Grown::to(LARGE, &*store).await?;
    let mut runs = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let (mut of_small, mut of_large) = (Vec::new(), Vec::new());
        for turn in 0..TURNS {
            let mut small = Grown::to(SMALL, &*store).await?;
            // Whoever comes second finds the database warmer.
            if turn % 2 == 0 {
                of_small.push(small.turn(&*store).await?);
                of_large.push(large.turn(&*store).await?);
            } else {
                of_large.push(large.turn(&*store).await?);
                of_small.push(small.turn(&*store).await?);
            }
        }
        runs.push(Run {
            small: Times::medians(&of_small),
            large: Times::medians(&of_large),
        });
    }
    let audit = store.audit_poll(large.poll).await?;
    ensure!(
        audit.is_exact() && audit.stored.total_votes == large.ballots,
        "{} ballots were counted, but {audit:?}",
        large.ballots
    );
    Ok((alone, runs))
}

impl Times {
    fn medians(turns: &[Self]) -> Self {
        let median = |value: fn(&Self) -> f64| {
            let mut values: Vec<_> = turns.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
        };
        Self {
            one: median(|turn| turn.one),
            batch: median(|turn| turn.batch),
            tally: median(|turn| turn.tally),
        }
    }
}

/// A poll and how many ballots stand in it.
struct Grown {
    poll: PollId,
    choices: Vec<Choice>,
    ballots: u64,
}

impl Grown {
    async fn to(ballots: usize, store: &dyn Store) -> Result<Self> {
        let now = SystemClock.now();
        let poll = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]).into_poll(
            PollId::generate(now),
            now,
            &Keyring::ephemeral(),
        )?;
        store.create_poll(&poll).await?;
        let choices = poll.options.iter().map(|option| Choice::one(option.id));
        let mut this = Self {
            poll: poll.id,
            choices: choices.collect(),
            ballots: 0,
        };
        this.fill(ballots, store).await?;
        Ok(this)
    }

    async fn fill(&mut self, mut missing: usize, store: &dyn Store) -> Result<()> {
        while missing > 0 {
            let batch = missing.min(FILLING);
            self.cast(batch, store).await?;
            missing -= batch;
        }
        Ok(())
    }

    async fn turn(&mut self, store: &dyn Store) -> Result<Times> {
        let one = self.cast(1, store).await?;
        let batch = self.cast(BATCH, store).await?;
        let start = Instant::now();
        let tallies = store.tallies(&[self.poll]).await?;
        let tally = milliseconds(start);
        let shown = tallies.into_iter().next().flatten().context("no tally")?;
        ensure!(
            shown.total_votes == self.ballots,
            "{} ballots were counted, but the tally is {shown:?}",
            self.ballots
        );
        Ok(Times { one, batch, tally })
    }

    /// Casts so many ballots of new voters at once; returns the milliseconds that it took.
    async fn cast(&mut self, many: usize, store: &dyn Store) -> Result<f64> {
        let now = SystemClock.now();
        let choices = self.choices.iter().cycle().take(many);
        let ballots: Vec<_> = choices
            .map(|choice| Ballot {
                id: BallotId::generate(now),
                poll: self.poll,
                voter: somebody_new(),
                choice: choice.clone(),
                address: None,
            })
            .collect();
        let start = Instant::now();
        let receipt = store.cast_ballots(&ballots, now).await;
        let time = milliseconds(start);
        for outcome in receipt.outcomes {
            let outcome = outcome?;
            ensure!(outcome.changed_tally(), "a ballot ended as {outcome:?}");
            self.ballots += 1;
        }
        Ok(time)
    }
}

/// Voters are scattered, as keyed hashes scatter them.
fn somebody_new() -> VoterId {
    let mut value = [0; 15];
    value.copy_from_slice(&uuid::Uuid::new_v4().as_bytes()[..15]);
    VoterId::new(VoterPolicy::default(), value)
}

fn milliseconds(start: Instant) -> f64 {
    1e3 * start.elapsed().as_secs_f64()
}
