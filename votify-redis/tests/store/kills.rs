//! The server is killed again and again while votes are cast.

use std::sync::Arc;

use votify_core::store::Durability;
use votify_core::{PollEngine, Store};
use votify_test_support::races::create_poll;
use votify_test_support::races::kills::{LostVotes, acknowledged_votes_survive};
use votify_test_support::redis::{Server, ServerConfig};

use crate::harness::open_store;

async fn kill_repeatedly(
    server: &mut Server,
    durability: Durability,
    kills: u64,
) -> Result<(), LostVotes> {
    let store = Arc::new(open_store(&server.url()).await);
    assert_eq!(store.durability(), durability);
    assert_eq!(
        (*store).clone().require_durable().is_ok(),
        durability.is_durable()
    );
    let engine = PollEngine::new(Arc::clone(&store) as Arc<dyn Store>);
    let poll = create_poll(&engine).await;
    // Even a server without append-only file saves the poll when it stops.
    server.stop();
    server.start();
    let kill_and_restart = async |_| {
        server.kill();
        server.start();
    };
    let result = acknowledged_votes_survive(&*store, &engine, &poll, kills, kill_and_restart);
    let result = result.await;
    engine.shutdown().await;
    result
}

async fn durable_server_loses_no_votes(kills: u64) {
    let config = ServerConfig::new().append_only("always");
    let Some(mut server) = Server::with_config(config) else {
        return;
    };
    kill_repeatedly(&mut server, Durability::PowerLoss, kills)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn acknowledged_votes_survive_5_kills_of_a_private_server() {
    durable_server_loses_no_votes(5).await;
}

/// Shows that the other tests detect lost votes: this server has snapshots only.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lost_votes_are_detected() {
    const MAX_KILLS: u64 = 50;
    let config = ServerConfig::new().setting("save", "3600 1");
    let Some(mut server) = Server::with_config(config) else {
        return;
    };
    let lost = kill_repeatedly(&mut server, Durability::LastSnapshot, MAX_KILLS).await;
    let lost = lost.expect_err("a server with snapshots only loses votes");
    eprintln!("{lost:?}");
    assert!(lost.votes > 0 && lost.kill < MAX_KILLS);
}

mod endurance {
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn acknowledged_votes_survive_50_kills_of_a_private_server() {
        super::durable_server_loses_no_votes(50).await;
    }
}
