use std::time::Duration;

use tokio::time::sleep;

use super::instances::{Fleet, until};
use super::viewers::Viewers;
use super::voters::Voters;
use crate::api::Api;

/// Maximum time from the last vote until all viewers have the final counts.
const MAX_DELAY: Duration = Duration::from_secs(2);

/// Upper bound of every wait.
const MAX_WAIT: Duration = Duration::from_secs(30);

fn sum(numbers: &[u64]) -> usize {
    usize::try_from(numbers.iter().sum::<u64>()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_reconnect_after_an_instance_is_killed() {
    kill_under_viewers(100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endurance_500_viewers_reconnect_after_an_instance_is_killed() {
    kill_under_viewers(500).await;
}

/// Kills one of three instances during votes, and checks that every vote counts once and every
/// viewer has the final counts.
async fn kill_under_viewers(viewer_count: usize) {
    let Some(mut fleet) = Fleet::open(&[]).await else {
        return;
    };
    let api = Api::with_url(&fleet.nginx.url()).clone_without_cookies();
    let poll = api.create_poll().await;
    let mut viewers = Viewers::open(&fleet.nginx, &poll, viewer_count).await;
    let streams = fleet.metric("votify_streams").await;
    assert_eq!(sum(&streams), viewer_count);
    // nginx distributes the streams evenly; 100 of 500 leaves a margin.
    let min_share = viewer_count as u64 / 5;
    assert!(
        streams.iter().all(|streams| *streams > min_share),
        "{streams:?}"
    );

    let voters = Voters::start(&api, &poll);
    sleep(Duration::from_secs(1)).await;
    let before = sum(&fleet.metric("votify_ballots_counted_total").await);
    fleet.kill(1).await;
    let all_open = async || sum(&fleet.metric("votify_streams").await) == viewer_count;
    until("all streams are open again", MAX_WAIT, all_open).await;
    sleep(Duration::from_secs(1)).await;
    let counted = voters.stop().await;
    viewers.assert_exact_within(MAX_DELAY, &counted.votes).await;

    let [broken, failed_attempts] = viewers.losses();
    eprintln!(
        "{} votes, {before} of them before the kill, {} retried by their voters; {broken} streams broke, {failed_attempts} attempts \
         to open one failed",
        counted.total(),
        counted.retries
    );
    assert_eq!(broken, usize::try_from(streams[1]).unwrap());
    assert_eq!(
        viewers.reopened(),
        broken,
        "only the streams of the killed instance broke, and all were reopened"
    );
    assert!(
        before > 10 && counted.total() > before + 10,
        "votes are counted after the kill"
    );
    fleet.assert_exact(&poll, counted.total()).await;
    drop(viewers);
    fleet.shutdown().await;
}

/// A rolling upgrade.
#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_loses_no_vote() {
    let Some(mut fleet) = Fleet::open(&[]).await else {
        return;
    };
    let api = Api::with_url(&fleet.nginx.url()).clone_without_cookies();
    let poll = api.create_poll().await;
    let mut viewers = Viewers::open(&fleet.nginx, &poll, 30).await;
    let voters = Voters::start(&api, &poll);
    for index in 0..3 {
        let address = fleet.instance(index).address().to_owned();
        fleet.stop(index).await;
        sleep(Duration::from_millis(500)).await;
        fleet.start(index, &address).await;
        let used = async || fleet.metric("votify_ballots_counted_total").await[index] > 0;
        until(
            "nginx sends requests to the restarted instance",
            MAX_WAIT,
            used,
        )
        .await;
    }
    let counted = voters.stop().await;
    viewers.assert_exact_within(MAX_WAIT, &counted.votes).await;
    let [broken, failed_attempts] = viewers.losses();
    eprintln!(
        "{} votes, {} retried by their voters; {broken} streams ended, {failed_attempts} attempts to open one failed",
        counted.total(),
        counted.retries
    );
    assert!(
        broken >= 30,
        "every instance was stopped, so every stream broke"
    );
    fleet.assert_exact(&poll, counted.total()).await;
    drop(viewers);
    fleet.shutdown().await;
}
