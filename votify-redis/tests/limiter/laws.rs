//! Every law, on a shared server and on a cluster.

use std::sync::Arc;

use async_trait::async_trait;
use votify_core::conformance::{FreshLimiter, LimiterFixture};
use votify_redis::{Redis, RedisRateLimiter};

use crate::servers::{Server, unavailable};

/// Conformance is about arithmetic: a slow machine must not fail it.
const PATIENT: std::time::Duration = std::time::Duration::from_secs(30);

async fn limiter(server: &Server) -> Arc<RedisRateLimiter> {
    let redis = Redis::builder(&server.url()).timeout(PATIENT);
    let redis = redis.connect().await.unwrap();
    Arc::new(RedisRateLimiter::new(redis).with_patience(PATIENT))
}

struct Single;

#[async_trait]
impl LimiterFixture for Single {
    async fn fresh(&self) -> FreshLimiter {
        let server = Server::plain().unwrap();
        FreshLimiter::new(limiter(&server).await)
            .with_another_node(limiter(&server).await)
            .guarded_by(server)
    }

    fn unavailable(&self) -> Option<String> {
        unavailable()
    }
}

mod single {
    votify_core::limiter_conformance!(crate::laws::Single);
}

#[cfg(feature = "cluster")]
struct OfCluster;

#[cfg(feature = "cluster")]
#[async_trait]
impl LimiterFixture for OfCluster {
    async fn fresh(&self) -> FreshLimiter {
        let cluster = crate::servers::Cluster::plain().unwrap();
        FreshLimiter::new(limiter(&cluster.nodes()[0]).await)
            .with_another_node(limiter(&cluster.nodes()[2]).await)
            .guarded_by(cluster)
    }

    fn unavailable(&self) -> Option<String> {
        unavailable()
    }
}

#[cfg(feature = "cluster")]
mod private_servers_of_a_cluster {
    votify_core::limiter_conformance!(crate::laws::OfCluster);
}
