//! Every law, on every kind of server.

use std::sync::Arc;

use async_trait::async_trait;
use votify_core::conformance::{BroadcasterFixture, FreshBroadcaster};

use crate::scene::{node, with_password};
use crate::servers::{Server, Setup};

struct Single(fn() -> Setup);

#[async_trait]
impl BroadcasterFixture for Single {
    async fn fresh(&self) -> FreshBroadcaster {
        let server = Arc::new(Server::of((self.0)()).unwrap());
        let (one, other) = (node(&server).await, node(&server).await);
        let cut = Arc::clone(&server);
        FreshBroadcaster::new(Arc::new(one))
            .with_another_node(Arc::new(other))
            .interrupted_by(move || {
                let server = Arc::clone(&cut);
                async move { server.end_all_connections() }
            })
            .guarded_by(server)
    }

    fn unavailable(&self) -> Option<String> {
        crate::servers::unavailable()
    }
}

mod single {
    use crate::servers::Setup;
    votify_core::broadcaster_conformance!(crate::laws::Single(Setup::new));
}

mod password {
    votify_core::broadcaster_conformance!(crate::laws::Single(crate::laws::with_password));
}

#[cfg(feature = "tls")]
mod tls {
    use crate::servers::Setup;
    votify_core::broadcaster_conformance!(crate::laws::Single(|| Setup::new().tls()));
}

#[cfg(feature = "cluster")]
struct OfCluster;

#[cfg(feature = "cluster")]
#[async_trait]
impl BroadcasterFixture for OfCluster {
    async fn fresh(&self) -> FreshBroadcaster {
        let cluster = Arc::new(crate::servers::Cluster::plain().unwrap());
        let [first, .., last] = cluster.nodes() else {
            panic!("it has three nodes");
        };
        let (one, other) = (node(first).await, node(last).await);
        let cut = Arc::clone(&cluster);
        FreshBroadcaster::new(Arc::new(one))
            .with_another_node(Arc::new(other))
            .interrupted_by(move || {
                let cluster = Arc::clone(&cut);
                async move { cluster.end_all_connections() }
            })
            .guarded_by(cluster)
    }

    fn unavailable(&self) -> Option<String> {
        crate::servers::unavailable()
    }
}

#[cfg(feature = "cluster")]
mod private_servers_of_a_cluster {
    votify_core::broadcaster_conformance!(crate::laws::OfCluster);
}
