//! What must hold of the store however many instances share a server, and whatever happens to that: on real servers.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

/// One test on a server, and one on a cluster.
macro_rules! on_each_server {
    ($scenario:path) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn on_one_server() {
            $scenario(crate::servers::Kind::Single).await;
        }

        #[cfg(feature = "cluster")]
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn on_a_private_server_cluster() {
            $scenario(crate::servers::Kind::Cluster).await;
        }
    };
}

#[path = "../../../votify-sqlx/tests/races/ahead.rs"]
mod ahead;
#[path = "../../../votify-sqlx/tests/ballots/mod.rs"]
mod ballots;
#[path = "../../../votify-sqlx/tests/races/closing.rs"]
mod closing;
mod crowds;
mod damage;
mod kills;
mod listing;
#[path = "../../../votify-sqlx/tests/races/load.rs"]
mod load;
#[cfg(feature = "cluster")]
mod nodes;
mod opening;
#[path = "../../../votify-sqlx/tests/races/opposite_orders.rs"]
mod opposite_orders;
mod pauses;
#[path = "../servers/mod.rs"]
mod private;
mod refusals;
mod restarts;
mod scene;
mod servers;
#[path = "../../../votify-sqlx/tests/races/two_ballots.rs"]
mod two_ballots;
#[path = "../../../votify-sqlx/tests/races/vote.rs"]
mod vote;
