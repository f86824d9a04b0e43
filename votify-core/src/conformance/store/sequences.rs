//! Random sequences of operations, compared with a model after every step, and random
//! batches, compared with their ballots cast one at a time.
//!
//! The [module documentation](crate::conformance) describes seeds and the number of
//! cases.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::any;
use tokio::sync::Mutex;

use crate::conformance::fixture::StoreFixture;
use crate::conformance::seeds::{check_equal, check_random};
use crate::conformance::sequence::{Operation, PollSpec, Run, operations, vote};
use crate::conformance::store::builders::at;
use crate::conformance::store::harness::Harness;
use crate::id::PollId;
use crate::poll::Poll;
use crate::store::StoreError;

/// A random sequence of operations gives the results, stored data and listings that
/// the model predicts.
pub async fn random_operations_match_the_model(fixture: &dyn StoreFixture) {
    let harness = Harness::open(fixture).await;
    // The polls of one earlier sequence stay, which no filter of a later one may find.
    let earlier = Mutex::new(Vec::new());
    check_random(&operations(), async |(specs, operations)| {
        let mut run = Run::new(&harness);
        run.step(&Operation::Create {
            slot: 0,
            spec: specs.0,
        })
        .await?;
        run.step(&Operation::Create {
            slot: 1,
            spec: specs.1,
        })
        .await?;
        for (index, operation) in operations.iter().enumerate() {
            let with_context = |reason| format!("operation {index}, {operation:?}: {reason}");
            run.step(operation).await.map_err(with_context)?;
            run.compare().await.map_err(with_context)?;
        }
        run.compare_all().await?;
        let created = std::mem::replace(&mut *earlier.lock().await, run.created().to_vec());
        for id in created {
            match harness.store().delete_poll(id).await {
                Ok(()) | Err(StoreError::PollNotFound(_)) => {}
                Err(error) => return Err(format!("failed: {error:?}")),
            }
        }
        Ok(())
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
        let mut pairs = Vec::new();
        for kind in [0, 1] {
            let spec = PollSpec {
                multiple: kinds[kind],
                revote: kind == 0,
                opens_after: None,
                open_seconds: None,
                quota,
                public: true,
                owner: None,
                external_ref: None,
            };
            let batched = harness.create_poll(spec.draft(0)).await;
            let single = Poll {
                id: PollId::generate(at(0)),
                ..batched.clone()
            };
            harness
                .store()
                .create_poll(&single)
                .await
                .expect("create_poll succeeds");
            pairs.push((batched, single));
        }
        let unknown = harness.unknown_poll(
            PollSpec {
                multiple: false,
                revote: true,
                opens_after: None,
                open_seconds: None,
                quota: None,
                public: true,
                owner: None,
                external_ref: None,
            }
            .draft(0),
        );
        pairs.push((unknown.clone(), unknown));
        for (step, votes) in (1..).zip(&batches) {
            let cast = |side: fn(&(Poll, Poll)) -> &Poll| {
                let ballots = votes
                    .iter()
                    .map(|vote| vote.ballot(side(&pairs[vote.slot]), step));
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
        for (batched, single) in &pairs[..2] {
            let mut found = harness.tally(batched).await;
            found.poll = single.id;
            check_equal("the tally", &found, &harness.tally(single).await)?;
            let mut found = harness.streamed_ballots(batched).await;
            found
                .iter_mut()
                .for_each(|active| active.ballot.poll = single.id);
            check_equal(
                "the active ballots",
                &found,
                &harness.streamed_ballots(single).await,
            )?;
        }
        Ok(())
    });
}
