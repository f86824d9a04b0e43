use anyhow::{Context, Result};
use criterion::{Criterion, Throughput};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use votify_core::{Caller, Choice, MemoryStore, PollDraft, PollEngine, PollId, SessionId};

/// A vote's way through the engine to a store in memory and back, alone and beside 255 others. The poll grows meanwhile.
pub(crate) fn bench(criterion: &mut Criterion) -> Result<()> {
    let runtime = Runtime::new()?;
    let engine = runtime.block_on(async { PollEngine::new(MemoryStore::new()) });
    let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    let poll = runtime.block_on(engine.create_poll(draft))?;
    let choice = Choice::one(poll.options.first().context("no option")?.id);
    let mut failed = None;
    let mut group = criterion.benchmark_group("intake");
    for votes in [1, 256] {
        group.throughput(Throughput::Elements(votes));
        group.bench_function(format!("{votes} at once"), |bencher| {
            bencher.iter(|| {
                let all = at_once(&engine, poll.id, &choice, votes);
                failed = runtime.block_on(all).err().or(failed.take());
            });
        });
    }
    group.finish();
    let audit = runtime.block_on(engine.audit_poll(poll.id))?;
    runtime.block_on(engine.shutdown());
    anyhow::ensure!(
        audit.is_exact(),
        "a recount finds something else: {audit:?}"
    );
    failed.map_or(Ok(()), Err)
}

/// Each by somebody new.
async fn at_once(engine: &PollEngine, poll: PollId, choice: &Choice, votes: u64) -> Result<()> {
    let mut voters = JoinSet::new();
    for _ in 0..votes {
        let (engine, choice) = (engine.clone(), choice.clone());
        voters.spawn(async move {
            let voter = Caller::session(SessionId::random());
            engine.vote(poll, &voter, choice).await
        });
    }
    while let Some(voted) = voters.join_next().await {
        voted??;
    }
    Ok(())
}
