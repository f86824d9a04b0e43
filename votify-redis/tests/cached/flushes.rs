//! Redis is flushed at random moments.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use async_trait::async_trait;
use votify_core::conformance::{Fixture, StoreFixture};
use votify_core::{MemoryStore, Store};
use votify_redis::redis;
use votify_test_support::redis::Server;

use crate::conformance::check_all;
use crate::harness::{InnerStore, cached, connect};
use crate::round_robin::RoundRobin;

/// Flushes a server every 0 to 8 ms.
struct Flusher {
    stop: Arc<AtomicBool>,
    flushes: Arc<AtomicU32>,
    thread: Option<JoinHandle<()>>,
}

impl Flusher {
    fn new(server: &Server) -> Self {
        let (stop, flushes) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU32::new(0)),
        );
        let client = redis::Client::open(server.url()).unwrap();
        let mut connection = client.get_connection().unwrap();
        let (should_stop, counter) = (Arc::clone(&stop), Arc::clone(&flushes));
        let thread = thread::spawn(move || {
            while !should_stop.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_micros(fastrand::u64(0..8_000)));
                redis::cmd("FLUSHALL").exec(&mut connection).unwrap();
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self {
            stop,
            flushes,
            thread: Some(thread),
        }
    }

    fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        let flushes = self.flushes.load(Ordering::Relaxed);
        assert!(flushes > 10, "{flushes} flushes");
    }
}

/// Calls alternate between two instances, after all writes to Redis are done.
struct TwoInstances(String);

#[async_trait]
impl StoreFixture for TwoInstances {
    async fn fresh(&self) -> Fixture<dyn Store> {
        let redis = connect(&self.0).await;
        let memory: InnerStore = Arc::new(MemoryStore::new());
        let instances = vec![cached(&memory, &redis), cached(&memory, &redis)];
        Fixture::new(Arc::new(RoundRobin::new(instances)))
    }
}

/// Calls do not wait for the writes of earlier calls to Redis.
struct OneInstance(String);

#[async_trait]
impl StoreFixture for OneInstance {
    async fn fresh(&self) -> Fixture<dyn Store> {
        let redis = connect(&self.0).await;
        let memory: InnerStore = Arc::new(MemoryStore::new());
        let store: Arc<dyn Store> = Arc::new(cached(&memory, &redis));
        Fixture::new(store)
    }
}

fn check_all_with_flushes(fixture: &(dyn StoreFixture + 'static), server: &Server) {
    let flusher = Flusher::new(server);
    check_all(fixture);
    flusher.stop();
}

#[test]
fn all_laws_hold_with_flushes_and_two_instances() {
    let Some(server) = Server::new() else {
        return;
    };
    check_all_with_flushes(&TwoInstances(server.url()), &server);
}

#[test]
fn all_laws_hold_with_flushes_and_pending_writes() {
    let Some(server) = Server::new() else {
        return;
    };
    check_all_with_flushes(&OneInstance(server.url()), &server);
}
