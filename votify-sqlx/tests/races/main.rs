//! What must hold however many instances share a server, and whatever happens to that: on real servers.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

/// One test for each kind of server.
macro_rules! on_each_server {
    ($scenario:path) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn on_postgres() {
            $scenario(crate::servers::Kind::Postgres).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn on_mysql() {
            $scenario(crate::servers::Kind::MySql).await;
        }
    };
}

mod ahead;
mod closing;
mod kills;
mod load;
mod opposite_orders;
mod pauses;
mod scene;
#[path = "../servers/mod.rs"]
mod servers;
mod two_ballots;
mod vote;
