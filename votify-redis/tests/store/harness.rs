use std::sync::Arc;
use std::time::Duration;

use votify_core::Store;
use votify_redis::RedisStore;
use votify_test_support::races::Instances;
#[cfg(feature = "cluster")]
use votify_test_support::redis::Cluster;
use votify_test_support::redis::Server;

/// Opens a store, as each process would open its own.
pub(crate) async fn open_store(url: &str) -> RedisStore {
    RedisStore::connect(url).await.unwrap()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerKind {
    Single,
    #[cfg(feature = "cluster")]
    Cluster,
}

/// A private server or cluster.
pub(crate) enum PrivateServer {
    Single(Server),
    #[cfg(feature = "cluster")]
    Cluster(Cluster),
}

impl PrivateServer {
    /// Returns `None`, and reports the skip, if no server can be started.
    pub(crate) fn start(kind: ServerKind) -> Option<Self> {
        match kind {
            ServerKind::Single => Server::new().map(Self::Single),
            #[cfg(feature = "cluster")]
            ServerKind::Cluster => Cluster::new().map(Self::Cluster),
        }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Single(server) => server.url(),
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => cluster.url(),
        }
    }
}

/// Opens two instances on a private server. The second one's clock is ahead by
/// `clock_offset`.
pub(crate) async fn open_instances(kind: ServerKind, clock_offset: Duration) -> Option<Instances> {
    let server = PrivateServer::start(kind)?;
    let stores: [Arc<dyn Store>; 2] = [
        Arc::new(open_store(&server.url()).await),
        Arc::new(open_store(&server.url()).await),
    ];
    Some(Instances::new(stores, clock_offset, server))
}
