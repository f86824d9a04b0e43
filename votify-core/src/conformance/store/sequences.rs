//! Random sequences of operations, compared with a model after every step, and random
//! batches, compared with their ballots cast one at a time.
//!
//! The [module documentation](crate::conformance) describes seeds and the number of
//! cases.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::any;

use crate::conformance::fixture::StoreFixture;
use crate::conformance::seeds::{check_equal, check_random};
use crate::conformance::sequence::{Operation, PollSpec, Run, operations, vote};
use crate::conformance::store::builders::at;
use crate::conformance::store::harness::Harness;
use crate::id::PollId;
use crate::poll::Poll;

/// A random sequence of operations gives the results, stored data and listings that
/// the model predicts.
pub async fn random_operations_match_the_model(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    check_random(&operations(), async |(made, operations)| {
        let mut run = Run::new(&harness);
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

/// Law 2: a random batch equals its ballots cast one at a time, in outcomes and
/// stored data.
pub async fn batch_equals_single_ballots(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    let batches = vec(vec(vote(), 1..30), 1..4);
    let quotas = option::of(1..4_u32);
    let given = (any::<[bool; 2]>(), quotas, batches);
    check_random(&given, async |(kinds, quota, batches)| {
        let mut twins = Vec::new();
        for kind in [0, 1] {
            let made = PollSpec {
                several: kinds[kind],
                revote: kind == 0,
                opens_in: 0,
                open_for: None,
                quota,
            };
            let batched = harness.create_poll(made.draft(0)).await;
            let single = Poll {
                id: PollId::generate(at(0)),
                ..batched.clone()
            };
            harness.store().create_poll(&single).await.expect("created");
            twins.push((batched, single));
        }
        let unknown = harness.unknown_poll(
            PollSpec {
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
            let at_once = harness
                .cast_all(&cast(|(batched, _)| batched), at(step))
                .await;
            for ((index, single), found) in
                cast(|(_, single)| single).iter().enumerate().zip(at_once)
            {
                let expected = harness.cast(single, at(step)).await;
                check_equal(
                    format!("ballot {index} of batch {step}, {:?}", votes[index]),
                    &found,
                    &expected,
                )?;
            }
        }
        for (batched, single) in &twins[..2] {
            let mut found = harness.tally(batched).await;
            found.poll = single.id;
            check_equal("the tally", &found, &harness.tally(single).await)?;
            let mut found = harness.streamed_ballots(batched).await;
            found
                .iter_mut()
                .for_each(|standing| standing.ballot.poll = single.id);
            check_equal(
                "the standing ballots",
                &found,
                &harness.streamed_ballots(single).await,
            )?;
        }
        Ok(())
    });
}
