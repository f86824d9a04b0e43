//! Two instances cast batches over the same polls in opposite order, while the polls are
//! edited and recounted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use votify_core::{
    Ballot, BallotId, Choice, Clock, Outcome, Poll, PollChange, PollDraft, PollId, Store,
    SystemClock,
};

use super::Instances;
use crate::ballots::voter;

const POLLS: usize = 12;
const VOTERS: u32 = 30;

/// Casts for `duration` and checks that no call fails and all counts are exact.
///
/// # Panics
/// Panics if a call fails, or a task casts fewer than `min_batches` batches.
pub async fn batches_never_deadlock(instances: &Instances, duration: Duration, min_batches: usize) {
    let mut polls = Vec::new();
    for _ in 0..POLLS {
        let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
        draft.rules.revote = true;
        polls.push(instances.engines[0].create_poll(draft).await.unwrap());
    }
    let end = Instant::now() + duration;
    let tasks = (0..4_usize).map(|task| {
        let store = Arc::clone(&instances.stores[task % 2]);
        let mut polls = polls.clone();
        if task % 2 == 1 {
            polls.reverse();
        }
        tokio::spawn(async move {
            let mut batches = 0_usize;
            while Instant::now() < end {
                cast(&*store, &polls, batches).await;
                batches += 1;
            }
            batches
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut edits = 0;
    while Instant::now() < end {
        let poll = polls[edits % POLLS].id;
        let store = &instances.stores[edits % 2];
        edit(&**store, poll, edits).await;
        edits += 1;
    }
    let batches: Vec<usize> = join_all(tasks)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert!(
        batches.iter().all(|batches| *batches >= min_batches),
        "{batches:?}"
    );
    for poll in &polls {
        let audit = instances.stores[0].audit_poll(poll.id).await.unwrap();
        assert!(audit.is_exact(), "{audit:?}");
        assert_eq!(audit.stored.total_votes, u64::from(VOTERS));
    }
}

/// Casts a new ballot of every voter in every poll.
async fn cast(store: &dyn Store, polls: &[Arc<Poll>], round: usize) {
    let now = SystemClock.now();
    let ballots: Vec<Ballot> = polls
        .iter()
        .flat_map(|poll| {
            (0..VOTERS).map(move |number| Ballot {
                id: BallotId::generate(now),
                poll: poll.id,
                voter: voter(number),
                choice: Choice::one(poll.options[round % 2].id),
                address: None,
                accepted: None,
            })
        })
        .collect();
    for outcome in store.cast_ballots(&ballots, now).await.outcomes {
        let outcome = outcome.unwrap();
        assert!(!matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    }
}

async fn edit(store: &dyn Store, poll: PollId, round: usize) {
    if round.is_multiple_of(5) {
        store.repair_poll(poll).await.unwrap();
    } else {
        let change = PollChange {
            title: Some(format!("Lunch {round}?")),
            ..PollChange::default()
        };
        store
            .change_poll(poll, &change, SystemClock.now())
            .await
            .unwrap();
    }
}
