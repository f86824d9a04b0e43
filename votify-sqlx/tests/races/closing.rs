//! Polls are closed while votes are in flight, from two instances whose clocks differ.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::future::join_all;
use tokio::time::sleep;
use votify_core::engine::EngineError;
use votify_core::{BallotId, Caller, Clock, Poll, PollDraft, PollEngine, Refusal, SystemClock};

use crate::scene::{Fleet, Vote};
use crate::servers::Kind;

const ROUNDS: u64 = 100;
const VOTES: u128 = 1_000;
const AHEAD: Duration = Duration::from_secs(5);

async fn what_was_counted_is_in_the_final_tally(kind: Kind) {
    let Some(fleet) = Fleet::of(kind, AHEAD).await else {
        return;
    };
    let mut cut_off = 0;
    for round in 0..ROUNDS {
        let delay = Duration::from_millis(20 + round % 10 * 20);
        let close = if round % 2 == 0 { By::Owner } else { By::Time };
        cut_off += closed(&fleet, close, delay).await;
    }
    // Else the closes came before or after all of the votes, and nothing was shown.
    assert!(cut_off > ROUNDS, "{cut_off}");
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// On both instances at once.
    Owner,
    /// By the clock that is ahead.
    Time,
}

/// How many of the votes came too late.
async fn closed(fleet: &Fleet, by: By, delay: Duration) -> u64 {
    let [one, other] = &fleet.engines;
    let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    if by == By::Time {
        draft.closes_at = Some(SystemClock.now().saturating_add(AHEAD + delay));
    }
    let poll = one.create_poll(draft).await.unwrap();
    let votes = (0..VOTES).map(|voter| {
        let engine = [one, other][usize::from(voter % 2 == 0)].clone();
        let poll = Arc::clone(&poll);
        tokio::spawn(async move {
            // They come over some time, so that the end is amidst them.
            sleep(delay.mul_f64(2.0 * f64::from(u32::try_from(voter).unwrap()) / 1_000.0)).await;
            let vote = Vote::by(voter, usize::from(voter % 3 == 0));
            vote.cast(&engine, &poll).await.map(|_| vote)
        })
    });
    let votes: Vec<_> = votes.collect();
    sleep(delay).await;
    let finals = join_all((0..4).map(|closer| {
        let engine = if by == By::Time {
            other
        } else {
            [one, other][closer % 2]
        };
        final_counts(engine, &poll, by)
    }))
    .await;
    let answers = join_all(votes).await.into_iter().map(Result::unwrap);
    let counted: Vec<Vote> = answers.flatten().collect();

    let expected = [0, 1].map(|option| {
        let votes = counted.iter().filter(|vote| vote.option == option).count();
        u64::try_from(votes).unwrap()
    });
    for told in finals {
        assert_eq!(told, expected, "a closer was told something else");
    }
    for engine in &fleet.engines {
        let late = Vote::by(VOTES, 0).try_cast(engine, &poll).await;
        assert!(
            matches!(late, Err(EngineError::Refused(Refusal::Closed))),
            "{late:?}"
        );
        assert_eq!(final_counts(engine, &poll, By::Time).await, expected);
    }
    let kept: Vec<_> = fleet.stores[0]
        .ballots(poll.id)
        .try_collect()
        .await
        .unwrap();
    let kept: HashSet<BallotId> = kept.into_iter().map(|kept| kept.ballot.id).collect();
    let counted: HashSet<BallotId> = counted.into_iter().map(|vote| vote.id).collect();
    assert_eq!(kept, counted);
    assert!(
        fleet.stores[1]
            .audit_poll(poll.id)
            .await
            .unwrap()
            .is_exact()
    );
    u64::try_from(VOTES).unwrap() - u64::try_from(counted.len()).unwrap()
}

/// Closes the poll, or looks at it until its time has come; its counts as they are final.
async fn final_counts(engine: &PollEngine, poll: &Poll, by: By) -> [u64; 2] {
    loop {
        let snapshot = match by {
            By::Owner => engine
                .close_poll(poll.id, &Caller::anonymous())
                .await
                .unwrap(),
            By::Time => engine.poll(poll.id, &Caller::anonymous()).await.unwrap(),
        };
        if snapshot.poll.is_sealed() {
            let counts = snapshot.view.counts().expect("counts are live").to_vec();
            return [counts[0].count, counts[1].count];
        }
        sleep(Duration::from_millis(1)).await;
    }
}

mod closing_with_votes_in_flight {
    on_each_server!(super::what_was_counted_is_in_the_final_tally);
}
