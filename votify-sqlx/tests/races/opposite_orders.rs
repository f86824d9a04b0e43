//! Two instances cast batches over the same polls in opposite order, while those are edited and recounted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use votify_core::{
    Ballot, BallotId, Choice, Clock, Outcome, Poll, PollChange, PollDraft, PollId, Store,
    SystemClock, VoterId, VoterPolicy,
};

use crate::scene::Fleet;
use crate::servers::Kind;

const TIME: Duration = Duration::from_secs(60);
const POLLS: usize = 12;
const VOTERS: u32 = 30;

async fn nobody_sees_a_deadlock(kind: Kind) {
    let Some(fleet) = Fleet::of(kind, Duration::ZERO).await else {
        return;
    };
    let mut polls = Vec::new();
    for _ in 0..POLLS {
        let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
        draft.rules.revote = true;
        polls.push(fleet.engines[0].create_poll(draft).await.unwrap());
    }
    let end = Instant::now() + TIME;
    let casters = (0..4_usize).map(|task| {
        let store = Arc::clone(&fleet.stores[task % 2]);
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
    let casters: Vec<_> = casters.collect();
    let mut edits = 0;
    while Instant::now() < end {
        let poll = polls[edits % POLLS].id;
        let store = &fleet.stores[edits % 2];
        edit(&**store, poll, edits).await;
        edits += 1;
    }
    let batches: Vec<usize> = join_all(casters)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert!(batches.iter().all(|batches| *batches > 10), "{batches:?}");
    for poll in &polls {
        let audit = fleet.stores[0].audit_poll(poll.id).await.unwrap();
        assert!(audit.is_exact(), "{audit:?}");
        assert_eq!(audit.stored.total_votes, u64::from(VOTERS));
    }
}

/// Everybody votes anew in every poll.
async fn cast(store: &dyn Store, polls: &[Arc<Poll>], turn: usize) {
    let now = SystemClock.now();
    let ballots: Vec<Ballot> = polls
        .iter()
        .flat_map(|poll| {
            (0..VOTERS).map(move |number| {
                let mut value = [0; 15];
                value[..4].copy_from_slice(&number.to_be_bytes());
                Ballot {
                    id: BallotId::generate(now),
                    poll: poll.id,
                    voter: VoterId::new(VoterPolicy::Browser, value),
                    choice: Choice::one(poll.options[turn % 2].id),
                    address: None,
                }
            })
        })
        .collect();
    for outcome in store.cast_ballots(&ballots, now).await.outcomes {
        let outcome = outcome.unwrap();
        assert!(!matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    }
}

async fn edit(store: &dyn Store, poll: PollId, turn: usize) {
    if turn.is_multiple_of(5) {
        store.repair_poll(poll).await.unwrap();
    } else {
        let change = PollChange {
            title: Some(format!("Lunch {turn}?")),
            ..PollChange::default()
        };
        store
            .change_poll(poll, &change, SystemClock.now())
            .await
            .unwrap();
    }
}

mod opposite_orders_for_a_minute {
    on_each_server!(super::nobody_sees_a_deadlock);
}
