//! Polls are closed with votes in flight, from two instances whose clocks differ.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::future::join_all;
use tokio::time::sleep;
use votify_core::engine::EngineError;
use votify_core::{
    Actor, BallotId, Caller, Clock, Poll, PollDraft, PollEngine, Refusal, SystemClock,
};

use super::{Instances, Vote};

/// How far the second instance's clock is ahead in this scenario.
pub const CLOCK_OFFSET: Duration = Duration::from_secs(5);
const VOTES: u128 = 1_000;

/// Closes `rounds` polls and checks that the final tally contains exactly the
/// acknowledged votes.
///
/// # Panics
/// Panics if a tally, a closer's reply or the stored ballots differ.
pub async fn final_tallies_contain_acknowledged_votes(instances: &Instances, rounds: u64) {
    let mut rejected = 0;
    for round in 0..rounds {
        let delay = Duration::from_millis(20 + round % 10 * 20);
        let cause = if round % 2 == 0 {
            Cause::Owner
        } else {
            Cause::Deadline
        };
        rejected += close_poll(instances, cause, delay).await;
    }
    // Fewer rejected votes would mean that the polls closed before or after all votes.
    assert!(rejected > rounds, "{rejected}");
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// The owner closes the poll on both instances at once.
    Owner,
    /// The poll's deadline has passed by the clock that is ahead.
    Deadline,
}

/// Closes a poll during [`VOTES`] votes. Returns how many of the votes were rejected.
async fn close_poll(instances: &Instances, cause: Cause, delay: Duration) -> u64 {
    let [one, other] = &instances.engines;
    let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    if cause == Cause::Deadline {
        draft.closes_at = Some(SystemClock.now().saturating_add(CLOCK_OFFSET + delay));
    }
    let poll = one.create_poll(draft).await.unwrap();
    let votes = (0..VOTES).map(|voter| {
        let engine = [one, other][usize::from(voter % 2 == 0)].clone();
        let poll = Arc::clone(&poll);
        tokio::spawn(async move {
            // Spread over twice the delay, so that the poll closes in the middle.
            sleep(delay.mul_f64(2.0 * f64::from(u32::try_from(voter).unwrap()) / 1_000.0)).await;
            let vote = Vote::by(voter, usize::from(voter % 3 == 0));
            vote.cast(&engine, &poll).await.map(|_| vote)
        })
    });
    let votes: Vec<_> = votes.collect();
    sleep(delay).await;
    let final_tallies = join_all((0..4).map(|closer| {
        let engine = if cause == Cause::Deadline {
            other
        } else {
            [one, other][closer % 2]
        };
        final_counts(engine, &poll, cause)
    }))
    .await;
    let replies = join_all(votes).await.into_iter().map(Result::unwrap);
    let acknowledged: Vec<Vote> = replies.flatten().collect();

    let expected = [0, 1].map(|option| {
        let votes = acknowledged.iter().filter(|vote| vote.option == option);
        u64::try_from(votes.count()).unwrap()
    });
    for counts in final_tallies {
        assert_eq!(counts, expected, "a closer received other counts");
    }
    for engine in &instances.engines {
        let late = Vote::by(VOTES, 0).try_cast(engine, &poll).await;
        assert!(
            matches!(late, Err(EngineError::Refused(Refusal::Closed))),
            "{late:?}"
        );
        let counts = final_counts(engine, &poll, Cause::Deadline).await;
        assert_eq!(counts, expected);
    }
    let stored: Vec<_> = instances.stores[0]
        .ballots(poll.id)
        .try_collect()
        .await
        .unwrap();
    let stored: HashSet<BallotId> = stored.into_iter().map(|active| active.ballot.id).collect();
    let acknowledged: HashSet<BallotId> = acknowledged.into_iter().map(|vote| vote.id).collect();
    assert_eq!(stored, acknowledged);
    let audit = instances.stores[1].audit_poll(poll.id).await.unwrap();
    assert!(audit.is_exact(), "{audit:?}");
    u64::try_from(VOTES).unwrap() - u64::try_from(acknowledged.len()).unwrap()
}

/// Closes the poll, or queries it until its deadline has passed. Returns the final
/// counts.
async fn final_counts(engine: &PollEngine, poll: &Poll, cause: Cause) -> [u64; 2] {
    loop {
        let snapshot = match cause {
            Cause::Owner => engine.close_poll(poll.id, Actor::Host).await.unwrap(),
            Cause::Deadline => engine.poll(poll.id, &Caller::anonymous()).await.unwrap(),
        };
        if snapshot.poll.is_sealed() {
            let counts = snapshot.view.counts().expect("counts are visible").to_vec();
            return [counts[0].count, counts[1].count];
        }
        sleep(Duration::from_millis(1)).await;
    }
}
