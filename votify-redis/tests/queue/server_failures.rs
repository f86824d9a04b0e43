//! The server is killed, paused, flushed, and cuts connections.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use votify_core::BallotId;
use votify_core::queue::{BallotQueue, QueueConsumer, QueueError};
use votify_core::store::Durability;
use votify_redis::RedisQueue;
use votify_test_support::redis::{Server, ServerConfig};

use crate::harness::{TIMEOUT, ballot_id, config, enqueue, ids, open_queue, poll, read, record};

/// Appends ballots one by one until stopped, and returns those that were acknowledged.
async fn produce(queue: RedisQueue, first: u32, stopped: Arc<AtomicBool>) -> BTreeSet<BallotId> {
    let mut acknowledged = BTreeSet::new();
    let mut number = first;
    while !stopped.load(Ordering::Relaxed) {
        let id = poll(u8::try_from(number % 16).unwrap());
        match queue.enqueue(&[record(id, number)]).await.remove(0) {
            Ok(()) => {
                acknowledged.insert(ballot_id(number));
            }
            Err(error) => assert!(error.is_transient(), "{error:?}"),
        }
        number += 1;
        sleep(Duration::from_millis(1)).await;
    }
    acknowledged
}

/// Reads and commits until stopped. Returns the ballots that were committed, and asserts
/// that each partition's log positions never go back below a commit.
async fn consume(
    queue: RedisQueue,
    stopped: Arc<AtomicBool>,
    wanted: impl Fn(&BTreeSet<BallotId>) -> bool,
) -> BTreeSet<BallotId> {
    let mut consumer = loop {
        match queue.consumer("votify").await {
            Ok(consumer) => break consumer,
            Err(error) => assert!(error.is_transient(), "{error:?}"),
        }
        sleep(Duration::from_millis(50)).await;
    };
    let mut delivered = BTreeSet::new();
    let started = Instant::now();
    while !(stopped.load(Ordering::Relaxed) && wanted(&delivered)) {
        assert!(started.elapsed() < 2 * TIMEOUT, "every ballot is delivered");
        match timeout(Duration::from_secs(3), consumer.next_batch(50)).await {
            Ok(Ok(batch)) => {
                delivered.extend(ids(&batch));
                if let Err(error) = consumer.commit(&batch).await {
                    assert!(error.is_transient(), "{error:?}");
                }
            }
            Ok(Err(error)) => {
                assert!(error.is_transient(), "{error:?}");
                sleep(Duration::from_millis(20)).await;
            }
            Err(_) => {}
        }
    }
    delivered
}

/// Runs two producers and two consumers while `disturb` runs. Every acknowledged ballot
/// must be delivered.
async fn nothing_is_lost_while(queues: [RedisQueue; 2], disturb: impl Future<Output = ()>) {
    let [one, two] = queues;
    let stopped = Arc::new(AtomicBool::new(false));
    let producers = [(one.clone(), 0), (two.clone(), 1_000_000)]
        .map(|(queue, first)| tokio::spawn(produce(queue, first, Arc::clone(&stopped))));
    let other_stopped = Arc::new(AtomicBool::new(false));
    let other = tokio::spawn(consume(two, Arc::clone(&other_stopped), |_| true));
    disturb.await;
    sleep(Duration::from_millis(300)).await;
    stopped.store(true, Ordering::Relaxed);
    let mut acknowledged = BTreeSet::new();
    for producer in producers {
        acknowledged.extend(producer.await.unwrap());
    }
    assert!(acknowledged.len() > 50, "{}", acknowledged.len());
    other_stopped.store(true, Ordering::Relaxed);
    let delivered = other.await.unwrap();
    let rest: BTreeSet<_> = acknowledged.difference(&delivered).copied().collect();
    let all = consume(one, stopped, move |found| rest.is_subset(found)).await;
    let missing = acknowledged.difference(&delivered);
    let missing: Vec<_> = missing.filter(|id| !all.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

async fn two_queues(server: &Server) -> [RedisQueue; 2] {
    [
        open_queue(&server.url(), config()).await,
        open_queue(&server.url(), config()).await,
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn acknowledged_ballots_survive_kills_of_a_private_server() {
    let config = ServerConfig::new().append_only("always");
    let Some(mut server) = Server::with_config(config) else {
        return;
    };
    let queues = two_queues(&server).await;
    assert_eq!(queues[0].durability(), Durability::PowerLoss);
    assert!(queues[0].clone().require_durable().is_ok());
    nothing_is_lost_while(queues, async {
        for _ in 0..5 {
            sleep(Duration::from_millis(300)).await;
            server.kill();
            sleep(Duration::from_millis(200)).await;
            server.start();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_while_connections_are_cut() {
    let Some(server) = Server::new() else {
        return;
    };
    let queues = two_queues(&server).await;
    nothing_is_lost_while(queues, async {
        for _ in 0..20 {
            sleep(Duration::from_millis(50)).await;
            server.end_all_connections();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_while_the_server_is_paused() {
    let Some(server) = Server::new() else {
        return;
    };
    let queues = two_queues(&server).await;
    nothing_is_lost_while(queues, async {
        sleep(Duration::from_millis(300)).await;
        server.pause();
        // Longer than leases and timeouts.
        sleep(Duration::from_secs(4)).await;
        server.resume();
    })
    .await;
}

/// No log position is used twice after a restart without the last records, or after all
/// data was lost. So polls skip no later ballot.
#[tokio::test]
async fn log_positions_grow_after_lost_records() {
    let config = ServerConfig::new().setting("save", "3600 1000000");
    let Some(mut server) = Server::with_config(config) else {
        return;
    };
    let queue = open_queue(&server.url(), crate::harness::config()).await;
    assert!(!queue.durability().is_durable());
    assert!(matches!(
        queue.clone().require_durable(),
        Err(QueueError::Failed { .. })
    ));
    let mut consumer = queue.consumer("votify").await.unwrap();
    let mut last = 0;
    for (round, lose) in ["kill", "kill", "flush", "flush"].into_iter().enumerate() {
        let first = 100 * u32::try_from(round).unwrap();
        server.cli(&["SAVE"]);
        enqueue(&queue, poll(1), first..first + 20).await;
        for delivered in read(&mut consumer, 20).await.records {
            assert!(delivered.source.log_position > last, "round {round}");
            last = delivered.source.log_position;
        }
        match lose {
            "kill" => {
                server.kill();
                server.start();
            }
            _ => server.flush(),
        }
        // The consumer learns of the loss from the server.
        let started = Instant::now();
        while queue.check_ready().await.is_err() {
            assert!(started.elapsed() < TIMEOUT);
        }
    }
    enqueue(&queue, poll(1), 900..901).await;
    let next = read(&mut consumer, 1).await;
    assert_eq!(ids(&next), [ballot_id(900)]);
    assert!(next.records[0].source.log_position > last);
}

/// Called without a server, each call fails in time and with an error that permits a retry.
#[tokio::test]
async fn calls_end_in_time_without_a_server() {
    let Some(mut server) = Server::new() else {
        return;
    };
    let queue = open_queue(&server.url(), config()).await;
    let mut consumer = queue.consumer("votify").await.unwrap();
    enqueue(&queue, poll(1), 0..1).await;
    let batch = read(&mut consumer, 1).await;
    server.kill();
    let max = queue.delivery_timeout() + Duration::from_secs(1);
    let unavailable =
        |error: QueueError| assert!(matches!(error, QueueError::Unavailable { .. }), "{error:?}");
    let results = timeout(max, queue.enqueue(&[record(poll(1), 1)]))
        .await
        .unwrap();
    unavailable(results.into_iter().next().unwrap().unwrap_err());
    unavailable(
        timeout(max, queue.check_ready())
            .await
            .unwrap()
            .unwrap_err(),
    );
    unavailable(
        timeout(max, consumer.next_batch(1))
            .await
            .unwrap()
            .unwrap_err(),
    );
    unavailable(
        timeout(max, consumer.commit(&batch))
            .await
            .unwrap()
            .unwrap_err(),
    );
    unavailable(
        timeout(max, consumer.keep_alive())
            .await
            .unwrap()
            .unwrap_err(),
    );
    let aside = timeout(max, consumer.set_aside(&batch.records, "for a test")).await;
    unavailable(aside.unwrap().unwrap_err());
}
