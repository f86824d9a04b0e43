//! The store on real servers, with several instances and failing servers.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

/// Declares a test on one server and a test on a cluster.
macro_rules! on_each_server {
    ($scenario:path $(, $argument:expr)*) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn on_one_server() {
            $scenario(crate::harness::ServerKind::Single $(, $argument)*).await;
        }

        #[cfg(feature = "cluster")]
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn on_a_private_server_cluster() {
            $scenario(crate::harness::ServerKind::Cluster $(, $argument)*).await;
        }
    };
}

#[cfg(feature = "cluster")]
mod cluster_nodes;
mod connect;
mod contention;
mod corruption;
mod harness;
mod join_codes;
mod kills;
mod listings;
mod pauses;
mod races;
mod rejected_writes;
mod restarts;
