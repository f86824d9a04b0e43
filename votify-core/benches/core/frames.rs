use std::hint::black_box;

use anyhow::{Context, Result};
use bytes::Bytes;
use criterion::Criterion;
use tokio::runtime::Runtime;
use votify_core::engine::live::FrameFormat;
use votify_core::{Caller, MemoryStore, PollDraft, PollEngine};

/// Measures a frame that is already rendered, and the first frame of another viewer.
pub(crate) fn bench(criterion: &mut Criterion) -> Result<()> {
    let runtime = Runtime::new()?;
    let engine = runtime.block_on(async { PollEngine::new(MemoryStore::new()) });
    let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    let poll = runtime.block_on(engine.create_poll(draft))?.id;
    let viewer = Caller::anonymous();
    // Keeps the room open during the measurement.
    let mut watch = runtime.block_on(engine.watch(poll, &viewer, None))?;
    let frame = runtime.block_on(watch.next()).context("no first frame")?;
    let rendered = || Bytes::from_static(&[b'x'; 256]);
    criterion.bench_function("frame/already rendered", |bencher| {
        bencher.iter(|| black_box(&frame).rendered(FrameFormat::Message, |_| rendered()));
    });
    let mut failed = None;
    criterion.bench_function("frame/first of another viewer", |bencher| {
        bencher.iter(|| {
            let first = runtime.block_on(async {
                let mut watch = engine.watch(poll, &viewer, None).await?;
                watch.next().await.context("no first frame")
            });
            if let Err(error) = first {
                failed = Some(error);
            }
        });
    });
    drop(watch);
    runtime.block_on(engine.shutdown());
    failed.map_or(Ok(()), Err)
}
