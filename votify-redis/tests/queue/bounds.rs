//! The bounds of a queue: its length, its partitions, its deadline, and the server's memory.

use std::time::Duration;

use tokio::time::sleep;
use votify_core::queue::{BallotQueue, QueueConsumer, QueueError};
use votify_redis::{Redis, RedisQueue, RedisQueueConfig};
use votify_test_support::ballots::error_chain;
use votify_test_support::redis::{Server, ServerConfig};

use crate::harness::{config, enqueue, one_partition, open_queue, poll, read, record, try_read};

fn one_partition_of(max_records: u32) -> RedisQueueConfig {
    RedisQueueConfig {
        max_records,
        ..one_partition()
    }
}

#[tokio::test]
async fn full_partition_rejects_records_until_every_group_has_committed() {
    let Some(server) = Server::new() else {
        return;
    };
    let queue = open_queue(&server.url(), one_partition_of(10)).await;
    let records: Vec<_> = (0..12).map(|n| record(poll(1), n)).collect();
    let results = queue.enqueue(&records).await;
    let is_full = |result: &Result<(), QueueError>| matches!(result, Err(QueueError::Full { .. }));
    assert!(results[..10].iter().all(Result::is_ok), "{results:?}");
    assert!(results[10..].iter().all(is_full), "{results:?}");
    assert!(is_full(&queue.check_ready().await));

    let mut first = queue.consumer("first").await.unwrap();
    let mut second = queue.consumer("second").await.unwrap();
    let batch = read(&mut first, 10).await;
    first.commit(&batch).await.unwrap();
    assert!(is_full(&queue.check_ready().await), "one group is behind");
    let batch = read(&mut second, 4).await;
    second.commit(&batch).await.unwrap();
    assert_eq!((first.lag(), second.lag()), (0, 6));
    let results = queue.enqueue(&records).await;
    assert_eq!(results.iter().filter(|result| is_full(result)).count(), 8);
    assert!(results[3].is_ok() && is_full(&results[4]), "in order");
    assert_eq!(read(&mut second, 10).await.records.len(), 10);
}

#[tokio::test]
async fn number_of_partitions_never_changes() {
    let Some(server) = Server::new() else {
        return;
    };
    let queue = open_queue(
        &server.url(),
        RedisQueueConfig {
            partitions: Some(3),
            ..config()
        },
    )
    .await;
    assert_eq!(queue.partitions(), 3);
    assert_eq!(open_queue(&server.url(), config()).await.partitions(), 3);
    let open = async |config| {
        let redis = Redis::connect(&server.url()).await.unwrap();
        RedisQueue::open(redis, config).await.unwrap_err()
    };
    let other = open(RedisQueueConfig {
        partitions: Some(4),
        ..config()
    })
    .await;
    assert!(matches!(other, QueueError::Failed { .. }), "{other:?}");
    assert!(
        error_chain(&other).contains("has 3 partitions, not 4"),
        "{}",
        error_chain(&other)
    );
    for invalid in [0, 1_025] {
        let error = open(RedisQueueConfig {
            partitions: Some(invalid),
            ..config()
        })
        .await;
        assert!(!error.is_transient(), "{error:?}");
    }
    let name = "a:b".to_owned();
    let error = open(RedisQueueConfig { name, ..config() }).await;
    assert!(
        error_chain(&error).contains("invalid name"),
        "{}",
        error_chain(&error)
    );

    // A queue whose description was lost, and opened with another number.
    let polls = 0..40_u8;
    for n in polls.clone() {
        enqueue(&queue, poll(n), 0..1).await;
    }
    server.cli(&["DEL", "votify:{queue:votes}"]);
    let other = open_queue(
        &server.url(),
        RedisQueueConfig {
            partitions: Some(2),
            ..config()
        },
    )
    .await;
    for n in polls {
        let result = other.enqueue(&[record(poll(n), 1)]).await.remove(0);
        let error = result.unwrap_err();
        assert!(matches!(error, QueueError::Failed { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn evicting_server_is_rejected() {
    let config = ServerConfig::new()
        .setting("maxmemory", "100mb")
        .setting("maxmemory-policy", "allkeys-lru");
    let Some(server) = Server::with_config(config) else {
        return;
    };
    let redis = Redis::connect(&server.url()).await.unwrap();
    let error = RedisQueue::open(redis, crate::harness::config())
        .await
        .unwrap_err();
    assert!(
        error_chain(&error).contains("noeviction"),
        "{}",
        error_chain(&error)
    );
}

#[tokio::test]
async fn full_memory_rejects_records_and_consumers_go_on() {
    let config = ServerConfig::new().setting("maxmemory-policy", "noeviction");
    let Some(server) = Server::with_config(config) else {
        return;
    };
    let queue = open_queue(&server.url(), one_partition_of(1_000_000)).await;
    enqueue(&queue, poll(1), 0..1_000).await;
    server.cli(&["CONFIG", "SET", "maxmemory", "1mb"]);
    let rejected = queue.enqueue(&[record(poll(1), 2_000)]).await.remove(0);
    assert!(
        matches!(rejected, Err(QueueError::Full { .. })),
        "{rejected:?}"
    );
    let mut consumer = queue.consumer("votify").await.unwrap();
    let batch = read(&mut consumer, 1_000).await;
    consumer
        .set_aside(&batch.records[..1], "for a test")
        .await
        .unwrap();
    consumer.commit(&batch).await.unwrap();
    assert_eq!(consumer.lag(), 0);
    server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    enqueue(&queue, poll(1), 2_000..2_001).await;
    assert_eq!(read(&mut consumer, 1).await.records.len(), 1);
}

/// The server reads a record after its deadline: it was paused, and gets the call when it
/// resumes.
#[tokio::test]
async fn records_never_enter_the_log_after_the_delivery_timeout() {
    let Some(server) = Server::new() else {
        return;
    };
    let timeout = Duration::from_millis(500);
    let redis = Redis::builder(&server.url()).timeout(timeout);
    let redis = redis.connect().await.unwrap();
    let queue = RedisQueue::open(redis, one_partition_of(100))
        .await
        .unwrap();
    assert_eq!(queue.delivery_timeout(), timeout);
    enqueue(&queue, poll(1), 0..1).await;
    server.pause();
    let late: Vec<_> = (1..4)
        .map(|n| {
            let queue = queue.clone();
            tokio::spawn(async move { queue.enqueue(&[record(poll(1), n)]).await.remove(0) })
        })
        .collect();
    for late in late {
        let error = late.await.unwrap().unwrap_err();
        assert!(matches!(error, QueueError::Unavailable { .. }), "{error:?}");
    }
    sleep(timeout).await;
    server.resume();
    enqueue(&queue, poll(1), 10..11).await;
    let mut consumer = queue.consumer("votify").await.unwrap();
    let batch = read(&mut consumer, 2).await;
    assert_eq!(
        crate::harness::ids(&batch),
        [0, 10].map(crate::harness::ballot_id)
    );
    assert_eq!(try_read(&mut consumer).await, None);
}
