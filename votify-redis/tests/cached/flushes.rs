//! Redis forgets everything at random moments, and nobody notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use async_trait::async_trait;
use votify_core::conformance::{FreshStore, STORE_CASES, StoreFixture, check_store};
use votify_core::{MemoryStore, Store};
use votify_redis::redis;

use crate::rotation::Rotation;
use crate::scene::{Behind, apart, cached};
use crate::servers::Server;

/// Flushes a server again and again.
struct Flusher {
    stop: Arc<AtomicBool>,
    flushed: Arc<AtomicU32>,
    thread: Option<JoinHandle<()>>,
}

impl Flusher {
    fn of(server: &Server) -> Self {
        let (stop, flushed) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU32::new(0)),
        );
        let client = redis::Client::open(server.url()).unwrap();
        let mut connection = client.get_connection().unwrap();
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&flushed));
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_micros(fastrand::u64(0..8_000)));
                redis::cmd("FLUSHALL").exec(&mut connection).unwrap();
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self {
            stop,
            flushed,
            thread: Some(thread),
        }
    }

    fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        assert!(self.flushed.load(Ordering::Relaxed) > 10, "it was flushed");
    }
}

struct InTurns(String);

#[async_trait]
impl StoreFixture for InTurns {
    async fn fresh(&self) -> FreshStore {
        let redis = apart(&self.0).await;
        let memory: Behind = Arc::new(MemoryStore::new());
        let instances = vec![cached(&memory, &redis), cached(&memory, &redis)];
        FreshStore::new(Arc::new(Rotation::of(instances)))
    }
}

/// Redis is told of the last call while the next one is under way already.
struct Hurried(String);

#[async_trait]
impl StoreFixture for Hurried {
    async fn fresh(&self) -> FreshStore {
        let redis = apart(&self.0).await;
        let memory: Behind = Arc::new(MemoryStore::new());
        let store: Arc<dyn Store> = Arc::new(cached(&memory, &redis));
        FreshStore::new(store)
    }
}

fn check_all(fixture: &(dyn StoreFixture + 'static), server: &Server) {
    let flusher = Flusher::of(server);
    for case in STORE_CASES {
        eprintln!("{case:?}");
        check_store(fixture, case.name);
    }
    flusher.stop();
}

#[test]
fn every_law_with_two_instances_in_turns() {
    let Some(server) = Server::plain() else {
        return;
    };
    check_all(&InTurns(server.url()), &server);
}

#[test]
fn every_law_with_an_instance_in_a_hurry() {
    let Some(server) = Server::plain() else {
        return;
    };
    check_all(&Hurried(server.url()), &server);
}
