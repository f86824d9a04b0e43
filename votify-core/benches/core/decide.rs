use std::hint::black_box;

use anyhow::{Context, Result};
use criterion::Criterion;
use votify_core::ballot::{VoterHistory, decide};

use crate::fixtures::{NOW, active_ballots, ballot, poll};

/// Measures `decide` for a first ballot, a replay, and a second ballot.
pub(crate) fn bench(criterion: &mut Criterion) -> Result<()> {
    let poll = poll(10)?;
    let new = VoterHistory::default();
    let active = active_ballots(&poll, 1)?.pop().context("no ballot")?;
    let same = active.ballot.clone();
    let voted = VoterHistory {
        active: Some(active),
        ..VoterHistory::default()
    };
    let other = ballot(&poll, 0)?;
    for (name, history, ballot) in [
        ("decide/count", &new, &other),
        ("decide/replay", &voted, &same),
        ("decide/already voted", &voted, &other),
    ] {
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| {
                decide(
                    black_box(&poll),
                    false,
                    black_box(history),
                    0,
                    black_box(ballot),
                    NOW,
                )
            });
        });
    }
    Ok(())
}
