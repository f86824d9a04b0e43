//! Everybody votes twice at once, on two instances, for two things.

use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::future::join_all;
use votify_core::ballot::ActiveBallot;

use crate::scene::{Fleet, Vote, poll};
use crate::servers::Kind;

const VOTERS: u128 = 2_000;

async fn one_of_them_counts(kind: Kind) {
    let Some(fleet) = Fleet::of(kind, Duration::ZERO).await else {
        return;
    };
    let [one, other] = &fleet.engines;
    let poll = poll(one).await;
    let tasks = (0..VOTERS).map(|voter| {
        let (one, other, poll) = (one.clone(), other.clone(), poll.clone());
        tokio::spawn(async move {
            let (pizza, sushi) = (Vote::by(voter, 0), Vote::by(voter, 1));
            match tokio::join!(pizza.cast(&one, &poll), sushi.cast(&other, &poll)) {
                (Some(_), None) => pizza,
                (None, Some(_)) => sushi,
                counted => panic!("{counted:?}"),
            }
        })
    });
    let counted: Vec<Vote> = join_all(tasks)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let audit = fleet.stores[0].audit_poll(poll.id).await.unwrap();
    assert!(audit.is_exact(), "{audit:?}");
    assert_eq!(u128::from(audit.stored.total_votes), VOTERS);
    for option in 0..2 {
        let votes = counted.iter().filter(|vote| vote.option == option).count();
        assert_eq!(
            usize::try_from(audit.stored.counts[option].count),
            Ok(votes)
        );
    }
    let kept: Vec<ActiveBallot> = fleet.stores[1]
        .ballots(poll.id)
        .try_collect()
        .await
        .unwrap();
    let mut kept: Vec<_> = kept.iter().map(|kept| kept.ballot.id).collect();
    let mut counted: Vec<_> = counted.iter().map(|vote| vote.id).collect();
    kept.sort_unstable();
    counted.sort_unstable();
    assert_eq!(kept, counted);
}

mod two_ballots_of_each_voter {
    on_each_server!(super::one_of_them_counts);
}
