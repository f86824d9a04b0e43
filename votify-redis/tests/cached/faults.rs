//! Redis is flushed, killed and paused under load, with two instances on one PostgreSQL.
//!
//! Votes continue, no vote is lost or counted twice, and viewers become exact.

mod instances;
mod load;
mod viewers;

use std::time::Duration;

use tokio::time::{Instant, sleep};
use votify_test_support::redis::Server;

use instances::Instances;
use load::Load;
use viewers::Viewers;

/// How soon viewers must be exact.
const EXACT_WITHIN: Duration = Duration::from_secs(2);
/// Maximum duration of a call on a busy test machine. An unreachable Redis costs 0.15 s.
const MAX_CALL_TIME: Duration = Duration::from_secs(3);

async fn votes_continue(name: &str, fault: impl AsyncFnOnce(&mut Server)) {
    let Some(mut instances) = Instances::open().await else {
        return;
    };
    let poll = instances.create_poll().await;
    let viewers = Viewers::watch(&instances, &poll).await;
    let load = Load::start(&instances, &poll);
    sleep(Duration::from_millis(700)).await;
    let (before, started) = (load.acknowledged().len(), Instant::now());
    fault(&mut instances.server).await;
    let votes_during_fault = load.acknowledged().len() - before;
    let fault_duration = started.elapsed();
    let results = load.stop().await;
    // From here on, neither votes nor the fault change anything.
    let since = Instant::now();
    let tally = instances.stored_tally(&poll).await;
    viewers.assert_exact_within(EXACT_WITHIN, &tally).await;
    let exact_after = since.elapsed();

    // The cache works again, and its answers are consistent with the earlier ones.
    let load = Load::start(&instances, &poll);
    sleep(Duration::from_millis(700)).await;
    let later_results = load.stop().await;
    let longest = results.longest_call.max(later_results.longest_call);
    eprintln!(
        "{name}: {votes_during_fault} votes in {fault_duration:?}, longest call {longest:?}, \
         viewers exact after {exact_after:?}"
    );
    assert!(votes_during_fault > 0, "no votes during the fault");
    assert!(longest < MAX_CALL_TIME, "{longest:?}");
    let keys: u32 = instances.server.cli(&["DBSIZE"]).trim().parse().unwrap();
    assert!(keys > 0, "the cache was not filled again");
    let mut ids = [results.acknowledged, later_results.acknowledged].concat();
    ids.sort_unstable();
    instances.assert_stored(&poll, &ids).await;
    let tally = instances.stored_tally(&poll).await;
    viewers.assert_exact_within(EXACT_WITHIN, &tally).await;
    viewers.stop().await;
}

async fn votes_continue_while_paused(seconds: u64) {
    let name = format!("paused for {seconds} s");
    votes_continue(&name, async |server: &mut Server| {
        server.pause();
        sleep(Duration::from_secs(seconds)).await;
        server.resume();
    })
    .await;
}

mod private_server {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn votes_continue_while_redis_is_flushed() {
        votes_continue("flushed", async |server: &mut Server| {
            for _ in 0..20 {
                server.flush();
                sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn votes_continue_while_redis_is_killed_and_restarted() {
        votes_continue("killed", async |server: &mut Server| {
            for downtime in [0, 200, 1_500] {
                server.kill();
                sleep(Duration::from_millis(downtime)).await;
                server.start();
                sleep(Duration::from_millis(300)).await;
            }
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn votes_continue_while_redis_is_paused_for_1_s() {
        votes_continue_while_paused(1).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn votes_continue_while_redis_is_paused_for_5_s() {
        votes_continue_while_paused(5).await;
    }

    mod endurance {
        use super::*;

        #[tokio::test(flavor = "multi_thread")]
        async fn votes_continue_while_redis_is_paused_for_30_s() {
            votes_continue_while_paused(30).await;
        }
    }
}
