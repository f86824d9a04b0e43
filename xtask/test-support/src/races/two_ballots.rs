//! Every voter casts two different ballots at once, on two instances.

use futures_util::TryStreamExt;
use futures_util::future::join_all;
use votify_core::ballot::ActiveBallot;

use super::{Instances, Vote, create_poll};

const VOTERS: u128 = 2_000;

/// Checks that exactly one of the two ballots counts.
///
/// # Panics
/// Panics if both or neither of a voter's ballots were acknowledged, or the stored
/// ballots differ from the acknowledged ones.
pub async fn one_of_two_ballots_counts(instances: &Instances) {
    let [one, other] = &instances.engines;
    let poll = create_poll(one).await;
    let tasks = (0..VOTERS).map(|voter| {
        let (one, other, poll) = (one.clone(), other.clone(), poll.clone());
        tokio::spawn(async move {
            let (pizza, sushi) = (Vote::by(voter, 0), Vote::by(voter, 1));
            match tokio::join!(pizza.cast(&one, &poll), sushi.cast(&other, &poll)) {
                (Some(_), None) => pizza,
                (None, Some(_)) => sushi,
                revisions => panic!("{revisions:?}"),
            }
        })
    });
    let acknowledged: Vec<Vote> = join_all(tasks)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let audit = instances.stores[0].audit_poll(poll.id).await.unwrap();
    assert!(audit.is_exact(), "{audit:?}");
    assert_eq!(u128::from(audit.stored.total_votes), VOTERS);
    for option in 0..2 {
        let votes = acknowledged.iter().filter(|vote| vote.option == option);
        let stored = usize::try_from(audit.stored.counts[option].count);
        assert_eq!(stored, Ok(votes.count()));
    }
    let stored: Vec<ActiveBallot> = instances.stores[1]
        .ballots(poll.id)
        .try_collect()
        .await
        .unwrap();
    let mut stored: Vec<_> = stored.iter().map(|active| active.ballot.id).collect();
    let mut acknowledged: Vec<_> = acknowledged.iter().map(|vote| vote.id).collect();
    stored.sort_unstable();
    acknowledged.sort_unstable();
    assert_eq!(stored, acknowledged);
}
