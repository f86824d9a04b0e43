use anyhow::{Context, Result};
use criterion::{Criterion, Throughput};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use votify_core::{Caller, Choice, MemoryStore, PollDraft, PollEngine, PollId, SessionId};

/// Measures votes through the engine with a store in memory: one at a time, and 256
/// concurrent ones.
///
/// The poll grows during the measurement.
pub(crate) fn bench(criterion: &mut Criterion) -> Result<()> {
    let runtime = Runtime::new()?;
    let engine = runtime.block_on(async { PollEngine::new(MemoryStore::new()) });
    let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    let poll = runtime.block_on(engine.create_poll(draft))?;
    let choice = Choice::one(poll.options.first().context("no option")?.id);
    let mut failed = None;
    let mut group = criterion.benchmark_group("voting");
    for votes in [1, 256] {
        group.throughput(Throughput::Elements(votes));
        group.bench_function(format!("{votes} concurrent"), |bencher| {
            bencher.iter(|| {
                let all = vote_concurrently(&engine, poll.id, &choice, votes);
                failed = runtime.block_on(all).err().or(failed.take());
            });
        });
    }
    group.finish();
    let audit = runtime.block_on(engine.audit_poll(poll.id))?;
    runtime.block_on(engine.shutdown());
    anyhow::ensure!(
        audit.is_exact(),
        "the stored tally differs from a recount: {audit:?}"
    );
    failed.map_or(Ok(()), Err)
}

/// Casts `votes` concurrent votes, each by a new voter.
async fn vote_concurrently(
    engine: &PollEngine,
    poll: PollId,
    choice: &Choice,
    votes: u64,
) -> Result<()> {
    let mut voters = JoinSet::new();
    for _ in 0..votes {
        let (engine, choice) = (engine.clone(), choice.clone());
        voters.spawn(async move {
            let caller = Caller::session(SessionId::random());
            engine.vote(poll, &caller, choice).await
        });
    }
    while let Some(voted) = voters.join_next().await {
        voted??;
    }
    Ok(())
}
