use std::time::Duration;

use tokio::time::sleep;

use super::instances::{Fleet, until};
use super::viewers::Viewers;
use super::voters::Voters;
use crate::api::Api;

/// Within which time of the last vote viewers must be exact.
const EXACT: Duration = Duration::from_secs(2);

/// Far above what it takes.
const LOST: Duration = Duration::from_secs(30);

const VIEWERS: usize = 500;

fn sum(numbers: &[u64]) -> usize {
    usize::try_from(numbers.iter().sum::<u64>()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_killed_under_500_viewers() {
    let Some(mut fleet) = Fleet::open(&[]).await else {
        return;
    };
    let api = Api::through(&fleet.nginx.url()).forgetful();
    let poll = api.create_poll().await;
    let mut viewers = Viewers::of(&fleet.nginx, &poll, VIEWERS).await;
    let streams = fleet.metric("votify_streams").await;
    assert_eq!(sum(&streams), VIEWERS);
    assert!(streams.iter().all(|streams| *streams > 100), "{streams:?}");

    let voters = Voters::start(&api, &poll);
    sleep(Duration::from_secs(1)).await;
    let before = sum(&fleet.metric("votify_ballots_counted_total").await);
    fleet.kill(1).await;
    let all_back = async || sum(&fleet.metric("votify_streams").await) == VIEWERS;
    until("all viewers are back", LOST, all_back).await;
    sleep(Duration::from_secs(1)).await;
    let counted = voters.stop().await;
    viewers.exact_within(EXACT, &counted.votes).await;

    let [broken, turned_away] = viewers.losses();
    eprintln!(
        "{} votes, {before} of them before the kill, {} sent again by their voters; {broken} streams broke, {turned_away} tries \
         to open one failed",
        counted.total(),
        counted.again
    );
    assert_eq!(broken, usize::try_from(streams[1]).unwrap());
    assert_eq!(
        viewers.reopened(),
        broken,
        "all came back, and nobody else lost a stream"
    );
    assert!(before > 10 && counted.total() > before + 10, "votes go on");
    fleet.assert_exact(&poll, counted.total()).await;
    drop(viewers);
    fleet.end().await;
}

/// As in an upgrade.
#[tokio::test(flavor = "multi_thread")]
async fn one_instance_after_the_other_is_stopped_and_started_again() {
    let Some(mut fleet) = Fleet::open(&[]).await else {
        return;
    };
    let api = Api::through(&fleet.nginx.url()).forgetful();
    let poll = api.create_poll().await;
    let mut viewers = Viewers::of(&fleet.nginx, &poll, 30).await;
    let voters = Voters::start(&api, &poll);
    for index in 0..3 {
        let address = fleet.instance(index).address().to_owned();
        fleet.stop(index).await;
        sleep(Duration::from_millis(500)).await;
        fleet.start(index, &address).await;
        let used = async || fleet.metric("votify_ballots_counted_total").await[index] > 0;
        until("nginx uses it again", LOST, used).await;
    }
    let counted = voters.stop().await;
    viewers.exact_within(LOST, &counted.votes).await;
    let [broken, turned_away] = viewers.losses();
    eprintln!(
        "{} votes, {} sent again by their voters; {broken} streams ended, {turned_away} tries to open one failed",
        counted.total(),
        counted.again
    );
    assert!(
        broken >= 30,
        "every stream was at an instance that was stopped"
    );
    fleet.assert_exact(&poll, counted.total()).await;
    drop(viewers);
    fleet.end().await;
}
