//! Random sequences of operations, compared with a small model after every step, and random batches compared with
//! their ballots one at a time.
//!
//! `VOTIFY_CONFORMANCE_CASES` says how many sequences (64 unless told otherwise); the seeds are the same on every store,
//! and one is new each time. What fails is made smaller and printed.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::any;

use crate::conformance::fixture::StoreFixture;
use crate::conformance::seeds::{check_random, same};
use crate::conformance::sequence::{Made, Operation, Run, operations, vote};
use crate::conformance::store::paper::at;
use crate::conformance::store::scene::Scene;
use crate::id::PollId;
use crate::poll::Poll;

/// Equivalence: any sequence of operations gives what the model says, in answers, in what is kept, and in listings.
pub async fn any_sequence_does_what_the_model_says(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    check_random(&operations(), async |(made, operations)| {
        let mut run = Run::new(&scene);
        run.step(&Operation::Create {
            slot: 0,
            made: made.0,
        })
        .await?;
        run.step(&Operation::Create {
            slot: 1,
            made: made.1,
        })
        .await?;
        for (index, operation) in operations.iter().enumerate() {
            let told = |reason| format!("operation {index}, {operation:?}: {reason}");
            run.step(operation).await.map_err(told)?;
            run.compare().await.map_err(told)?;
        }
        run.compare_all().await
    });
}

/// Law 2: any batch equals its ballots cast one at a time, in outcomes and in everything that is kept.
pub async fn any_batch_equals_its_ballots_one_at_a_time(fixture: &dyn StoreFixture) {
    let scene = Scene::open(fixture).await;
    let batches = vec(vec(vote(), 1..30), 1..4);
    let quotas = option::of(1..4_u32);
    let given = (any::<[bool; 2]>(), quotas, batches);
    check_random(&given, async |(kinds, quota, batches)| {
        let mut twins = Vec::new();
        for kind in [0, 1] {
            let made = Made {
                several: kinds[kind],
                revote: kind == 0,
                opens_in: 0,
                open_for: None,
                quota,
            };
            let batched = scene.poll(made.draft(0)).await;
            let single = Poll {
                id: PollId::generate(at(0)),
                ..batched.clone()
            };
            scene.store().create_poll(&single).await.expect("created");
            twins.push((batched, single));
        }
        let unknown = scene.unknown_poll(
            Made {
                several: false,
                revote: true,
                opens_in: 0,
                open_for: None,
                quota: None,
            }
            .draft(0),
        );
        twins.push((unknown.clone(), unknown));
        for (step, votes) in (1..).zip(&batches) {
            let cast = |side: fn(&(Poll, Poll)) -> &Poll| {
                let ballots = votes
                    .iter()
                    .map(|vote| vote.written(side(&twins[vote.slot])));
                ballots.collect::<Vec<_>>()
            };
            let at_once = scene
                .cast_all(&cast(|(batched, _)| batched), at(step))
                .await;
            for ((index, single), found) in
                cast(|(_, single)| single).iter().enumerate().zip(at_once)
            {
                let expected = scene.cast(single, at(step)).await;
                same(
                    format!("ballot {index} of batch {step}, {:?}", votes[index]),
                    &found,
                    &expected,
                )?;
            }
        }
        for (batched, single) in &twins[..2] {
            let mut found = scene.tally(batched).await;
            found.poll = single.id;
            same("the tally", &found, &scene.tally(single).await)?;
            let mut found = scene.streamed(batched).await;
            found
                .iter_mut()
                .for_each(|standing| standing.ballot.poll = single.id);
            same(
                "the standing ballots",
                &found,
                &scene.streamed(single).await,
            )?;
        }
        Ok(())
    });
}
