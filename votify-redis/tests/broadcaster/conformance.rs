//! The laws of broadcasters on every kind of server.
//!
//! The ordinary suite checks all laws on a plain server, and every seventh law on the
//! other kinds. The endurance suite checks all laws on all kinds.

use std::sync::Arc;

use async_trait::async_trait;
use votify_core::Broadcaster;
use votify_core::conformance::{BROADCASTER_CASES, BroadcasterFixture, Fixture, check_broadcaster};
#[cfg(feature = "cluster")]
use votify_test_support::redis::Cluster;
use votify_test_support::redis::{Server, ServerConfig, unavailable};

use crate::harness::open_instance;

struct SingleServer(fn() -> ServerConfig);

#[async_trait]
impl BroadcasterFixture for SingleServer {
    async fn fresh(&self) -> Fixture<dyn Broadcaster> {
        let server = Arc::new(Server::with_config((self.0)()).unwrap());
        let (one, other) = (open_instance(&server).await, open_instance(&server).await);
        let interrupted = Arc::clone(&server);
        Fixture::<dyn Broadcaster>::new(Arc::new(one))
            .with_second_instance(Arc::new(other))
            .with_interrupt(move || {
                let server = Arc::clone(&interrupted);
                async move { server.end_all_connections() }
            })
            .keeping_alive(server)
    }

    fn unavailable(&self) -> Option<String> {
        unavailable()
    }
}

#[cfg(feature = "cluster")]
struct ThreeNodes;

#[cfg(feature = "cluster")]
#[async_trait]
impl BroadcasterFixture for ThreeNodes {
    async fn fresh(&self) -> Fixture<dyn Broadcaster> {
        let cluster = Arc::new(Cluster::new().unwrap());
        let [first, .., last] = cluster.nodes() else {
            panic!("the cluster has fewer than two nodes");
        };
        let (one, other) = (open_instance(first).await, open_instance(last).await);
        let interrupted = Arc::clone(&cluster);
        Fixture::<dyn Broadcaster>::new(Arc::new(one))
            .with_second_instance(Arc::new(other))
            .with_interrupt(move || {
                let cluster = Arc::clone(&interrupted);
                async move { cluster.end_all_connections() }
            })
            .keeping_alive(cluster)
    }

    fn unavailable(&self) -> Option<String> {
        unavailable()
    }
}

fn with_password() -> ServerConfig {
    ServerConfig::new().password("hunter2")
}

/// Checks every seventh law.
fn check_selected(fixture: &(dyn BroadcasterFixture + 'static)) {
    for case in BROADCASTER_CASES.iter().step_by(7) {
        eprintln!("{case:?}");
        check_broadcaster(fixture, case.name);
    }
}

mod single {
    use super::*;
    votify_core::broadcaster_conformance!(SingleServer(ServerConfig::new));
}

#[test]
fn selected_laws_hold_with_a_password() {
    check_selected(&SingleServer(with_password));
}

#[cfg(feature = "tls")]
#[test]
fn selected_laws_hold_with_tls() {
    check_selected(&SingleServer(|| ServerConfig::new().tls()));
}

#[cfg(feature = "cluster")]
#[test]
fn selected_laws_hold_on_a_private_server_cluster() {
    check_selected(&ThreeNodes);
}

mod endurance {
    use super::*;

    mod password {
        use super::*;
        votify_core::broadcaster_conformance!(SingleServer(with_password));
    }

    #[cfg(feature = "tls")]
    mod tls {
        use super::*;
        votify_core::broadcaster_conformance!(SingleServer(|| ServerConfig::new().tls()));
    }

    #[cfg(feature = "cluster")]
    mod private_server_cluster {
        use super::*;
        votify_core::broadcaster_conformance!(ThreeNodes);
    }
}
