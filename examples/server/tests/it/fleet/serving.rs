use std::time::Duration;

use tokio::time::timeout;

use super::instances::Fleet;
use super::viewers::Viewers;
use super::voters::Voters;
use crate::api::{Api, Events, Poll};

/// Within which time viewers must be exact.
const EXACT: Duration = Duration::from_secs(2);

/// Three event streams, which nginx gives to one instance each.
async fn event_streams(fleet: &Fleet, poll: &Poll) -> Vec<Events> {
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(Events::open(&Api::through(&fleet.nginx.url()), poll).await);
    }
    streams
}

async fn see(streams: &mut [Events], votes: usize) {
    for stream in streams {
        let seen = async { while stream.next().await.unwrap()["total_votes"] != votes {} };
        timeout(EXACT, seen).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn votes_at_any_instance_are_counted_once_and_seen_at_all() {
    let Some(fleet) = Fleet::open(&[]).await else {
        return;
    };
    let browser = Api::through(&fleet.nginx.url());
    let poll = browser.create_poll().await;
    let mut viewers = Viewers::of(&fleet.nginx, &poll, 6).await;
    let mut streams = event_streams(&fleet, &poll).await;
    assert_eq!(fleet.metric("votify_streams").await, [3; 3]);

    assert_eq!(browser.vote(&poll, 0).await.0, 201);
    for instance in fleet.instances() {
        let (status, answer) = browser.at(instance).vote(&poll, 1).await;
        assert_eq!((status, &answer["code"]), (409, &"already_voted".into()));
    }
    let mut counts = [1, 0];
    for instance in fleet.instances() {
        let alone = Api::new(instance);
        assert_eq!(alone.vote(&poll, 1).await.0, 201);
        counts[1] += 1;
        viewers.exact_within(EXACT, &counts).await;
        see(&mut streams, 1 + usize::try_from(counts[1]).unwrap()).await;
    }

    let voters = Voters::start(&Api::through(&fleet.nginx.url()).forgetful(), &poll);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let counted = voters.stop().await;
    assert_eq!(
        counted.again,
        0,
        "nothing was in the way: {}",
        fleet.nginx.log()
    );
    for (counts, votes) in counts.iter_mut().zip(counted.votes) {
        *counts += votes;
    }
    viewers.exact_within(EXACT, &counts).await;
    let total = counted.total() + 4;
    see(&mut streams, total).await;
    let shares = fleet.metric("votify_ballots_counted_total").await;
    assert!(shares.iter().all(|share| *share > 5), "{shares:?}");
    assert_eq!(usize::try_from(shares.iter().sum::<u64>()), Ok(total));
    assert_eq!(viewers.losses(), [0, 0]);
    fleet.assert_exact(&poll, total).await;
    drop((viewers, streams));
    fleet.end().await;
}
