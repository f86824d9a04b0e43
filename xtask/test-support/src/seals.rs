//! Seals of several polls, of which some cannot be sealed.

use std::time::Duration;

use tokio::time::timeout;
use votify_core::poll::SealCause;
use votify_core::store::SealOutcome;
use votify_core::{Poll, Store, StoreError};

use crate::ballots::{NOW, ballot, cast, poll};

/// The polls of [`others_are_sealed`], with one vote each.
pub async fn voted_polls(store: &dyn Store) -> Vec<Poll> {
    let mut polls = Vec::new();
    for _ in 0..6 {
        let poll = poll(store).await;
        cast(store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
        polls.push(poll);
    }
    polls
}

/// Checks that one call seals all polls except `corrupt`, which cannot be read, and
/// `rejected`, whose seal the database rejects.
pub async fn others_are_sealed(
    store: &dyn Store,
    polls: &[Poll],
    corrupt: &Poll,
    rejected: Option<&Poll>,
) {
    let ids: Vec<_> = polls.iter().map(|poll| poll.id).collect();
    for _ in 0..2 {
        let outcomes = store.seal_polls(&ids, SealCause::Owner, NOW).await;
        assert_eq!(outcomes.len(), ids.len());
        for (id, outcome) in ids.iter().zip(outcomes) {
            if *id == corrupt.id {
                assert!(
                    matches!(outcome, Err(StoreError::Corrupt { .. })),
                    "{outcome:?}"
                );
            } else if rejected.is_some_and(|rejected| rejected.id == *id) {
                assert!(
                    matches!(outcome, Err(StoreError::Failed { .. })),
                    "{outcome:?}"
                );
            } else {
                let Ok(SealOutcome::Sealed(tally)) = outcome else {
                    panic!("{outcome:?}");
                };
                assert_eq!((tally.poll, tally.sealed), (*id, true));
                assert_eq!((tally.version, tally.total_votes), (1, 1));
                let stored = store.tallies(&[*id]).await.unwrap();
                assert_eq!(stored, [Some(tally)]);
            }
        }
    }
}

/// Checks that one call seals all polls except `locked`, which another transaction has
/// locked, within an engine's timeout for its store.
pub async fn others_are_sealed_beside_a_lock(store: &dyn Store, polls: &[Poll], locked: &Poll) {
    let ids: Vec<_> = polls.iter().map(|poll| poll.id).collect();
    let seals = store.seal_polls(&ids, SealCause::Owner, NOW);
    let outcomes = timeout(Duration::from_secs(4), seals).await.unwrap();
    assert_eq!(outcomes.len(), ids.len());
    for (id, outcome) in ids.iter().zip(outcomes) {
        if *id == locked.id {
            assert!(
                matches!(outcome, Err(StoreError::Unavailable { .. })),
                "{outcome:?}"
            );
        } else {
            assert!(matches!(outcome, Ok(SealOutcome::Sealed(_))), "{outcome:?}");
        }
    }
}
