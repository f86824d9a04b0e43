//! Redis is flushed, killed and paused under load, with two engines on one PostgreSQL: votes go on, none is lost or counted
//! twice, and viewers are exact soon.

mod fleet;
mod load;
mod viewers;

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::servers::Server;
use fleet::Fleet;
use load::Load;
use viewers::Viewers;

/// Within which time viewers must be exact.
const EXACT: Duration = Duration::from_secs(2);
/// What a vote may take at most, on a machine that is busy with other tests. A Redis that is away costs a vote 0.15 s.
const LONGEST: Duration = Duration::from_secs(3);

async fn votes_go_on(name: &str, fault: impl AsyncFnOnce(&mut Server)) {
    let Some(mut fleet) = Fleet::open().await else {
        return;
    };
    let poll = fleet.poll().await;
    let viewers = Viewers::of(&fleet, &poll).await;
    let load = Load::start(&fleet, &poll);
    sleep(Duration::from_millis(700)).await;
    let (before, began) = (load.acknowledged().len(), Instant::now());
    fault(&mut fleet.server).await;
    let during = load.acknowledged().len() - before;
    let lasted = began.elapsed();
    let counted = load.stop().await;
    // All changes and the fault have ended.
    let since = Instant::now();
    let tally = fleet.tally(&poll).await;
    viewers.exact_within(EXACT, &tally).await;
    let exact = since.elapsed();

    // The cache does its work again, and what it says fits to all that was before.
    let again = Load::start(&fleet, &poll);
    sleep(Duration::from_millis(700)).await;
    let counted_again = again.stop().await;
    let longest = counted.longest.max(counted_again.longest);
    eprintln!(
        "{name}: {during} votes during {lasted:?}, the longest call of any kind took {longest:?}, viewers exact after {exact:?}"
    );
    assert!(during > 0, "votes go on");
    assert!(longest < LONGEST, "{longest:?}");
    let keys: u32 = fleet.server.cli(&["DBSIZE"]).trim().parse().unwrap();
    assert!(keys > 0, "Redis was told again");
    let mut ids = [counted.ids, counted_again.ids].concat();
    ids.sort_unstable();
    fleet.assert_counted(&poll, &ids).await;
    viewers.exact_within(EXACT, &fleet.tally(&poll).await).await;
    viewers.end().await;
}

mod private_server_tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn redis_is_flushed() {
        votes_go_on("flushed", async |server: &mut Server| {
            for _ in 0..20 {
                server.flush();
                sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn redis_is_killed_and_started_again() {
        votes_go_on("killed", async |server: &mut Server| {
            for away in [0, 200, 1_500] {
                server.kill();
                sleep(Duration::from_millis(away)).await;
                server.start();
                sleep(Duration::from_millis(300)).await;
            }
        })
        .await;
    }

    async fn paused(seconds: u64) {
        let name = format!("paused for {seconds} s");
        votes_go_on(&name, async |server: &mut Server| {
            server.pause();
            sleep(Duration::from_secs(seconds)).await;
            server.resume();
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn redis_is_paused_for_1_s() {
        paused(1).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn redis_is_paused_for_5_s() {
        paused(5).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn redis_is_paused_for_30_s() {
        paused(30).await;
    }
}
