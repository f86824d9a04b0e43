use std::time::Duration;

use tokio::time::timeout;

use super::instances::Fleet;
use super::viewers::Viewers;
use super::voters::Voters;
use crate::api::{Api, Events, Poll};

/// Maximum time until all viewers have the current counts.
const MAX_DELAY: Duration = Duration::from_secs(2);

/// Opens three event streams, one on each instance.
async fn event_streams(fleet: &Fleet, poll: &Poll) -> Vec<Events> {
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(Events::open(&Api::with_url(&fleet.nginx.url()), poll).await);
    }
    streams
}

async fn wait_for_votes(streams: &mut [Events], votes: usize) {
    for stream in streams {
        let seen = async { while stream.next().await.unwrap()["total_votes"] != votes {} };
        timeout(MAX_DELAY, seen).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn votes_on_any_instance_count_once_and_reach_all_viewers() {
    let Some(fleet) = Fleet::open(&[]).await else {
        return;
    };
    let browser = Api::with_url(&fleet.nginx.url());
    let poll = browser.create_poll().await;
    let mut viewers = Viewers::open(&fleet.nginx, &poll, 6).await;
    let mut streams = event_streams(&fleet, &poll).await;
    assert_eq!(fleet.metric("votify_streams").await, [3; 3]);

    assert_eq!(browser.vote(&poll, 0).await.0, 201);
    for instance in fleet.instances() {
        let (status, response) = browser.at(instance).vote(&poll, 1).await;
        assert_eq!((status, &response["code"]), (409, &"already_voted".into()));
    }
    let mut counts = [1, 0];
    for instance in fleet.instances() {
        let voter = Api::new(instance);
        assert_eq!(voter.vote(&poll, 1).await.0, 201);
        counts[1] += 1;
        viewers.assert_exact_within(MAX_DELAY, &counts).await;
        wait_for_votes(&mut streams, 1 + usize::try_from(counts[1]).unwrap()).await;
    }

    let voters = Voters::start(
        &Api::with_url(&fleet.nginx.url()).clone_without_cookies(),
        &poll,
    );
    tokio::time::sleep(Duration::from_secs(2)).await;
    let counted = voters.stop().await;
    assert_eq!(
        counted.retries,
        0,
        "no ballot is sent twice: {}",
        fleet.nginx.log()
    );
    for (counts, votes) in counts.iter_mut().zip(counted.votes) {
        *counts += votes;
    }
    viewers.assert_exact_within(MAX_DELAY, &counts).await;
    let total = counted.total() + 4;
    wait_for_votes(&mut streams, total).await;
    let shares = fleet.metric("votify_ballots_counted_total").await;
    assert!(shares.iter().all(|share| *share > 5), "{shares:?}");
    assert_eq!(usize::try_from(shares.iter().sum::<u64>()), Ok(total));
    assert_eq!(viewers.losses(), [0, 0]);
    fleet.assert_exact(&poll, total).await;
    drop((viewers, streams));
    fleet.shutdown().await;
}
