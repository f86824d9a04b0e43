use std::hint::black_box;

use anyhow::{Context, Result};
use criterion::Criterion;
use votify_core::ballot::{VoterHistory, decide};

use crate::scene::{NOW, ballot, poll, standing};

/// The rule, for a voter that never voted, one that sends the same again, and one that votes again.
pub(crate) fn bench(criterion: &mut Criterion) -> Result<()> {
    let poll = poll(10)?;
    let new = VoterHistory::default();
    let standing = standing(&poll, 1)?.pop().context("no ballot")?;
    let same = standing.ballot.clone();
    let voted = VoterHistory {
        active: Some(standing),
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
