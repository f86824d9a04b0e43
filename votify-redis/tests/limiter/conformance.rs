//! The laws of rate limiters.
//!
//! The ordinary suite checks all laws on one server, and every seventh law on a cluster.
//! The endurance suite checks all laws on a cluster.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use votify_core::conformance::{Fixture, LimiterFixture};
#[cfg(feature = "cluster")]
use votify_core::conformance::{LIMITER_CASES, check_limiter};
use votify_core::{ManualClock, RateLimiter};
use votify_redis::{Redis, RedisRateLimiter};
#[cfg(feature = "cluster")]
use votify_test_support::redis::Cluster;
use votify_test_support::redis::{Server, unavailable};

/// Far above the default: the laws are about arithmetic, and must hold on a slow machine.
const TIMEOUT: Duration = Duration::from_secs(30);

async fn open_limiter(server: &Server, clock: &Arc<ManualClock>) -> Arc<RedisRateLimiter> {
    let redis = Redis::builder(&server.url()).timeout(TIMEOUT);
    let redis = redis.connect().await.unwrap();
    let limiter = RedisRateLimiter::from_client(redis).with_timeout(TIMEOUT);
    Arc::new(limiter.with_clock(Arc::clone(clock)))
}

struct SingleServer;

#[async_trait]
impl LimiterFixture for SingleServer {
    async fn fresh(&self, clock: Arc<ManualClock>) -> Fixture<dyn RateLimiter> {
        let server = Server::new().unwrap();
        Fixture::<dyn RateLimiter>::new(open_limiter(&server, &clock).await)
            .with_second_instance(open_limiter(&server, &clock).await)
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
impl LimiterFixture for ThreeNodes {
    async fn fresh(&self, clock: Arc<ManualClock>) -> Fixture<dyn RateLimiter> {
        let cluster = Cluster::new().unwrap();
        Fixture::<dyn RateLimiter>::new(open_limiter(&cluster.nodes()[0], &clock).await)
            .with_second_instance(open_limiter(&cluster.nodes()[2], &clock).await)
            .keeping_alive(cluster)
    }

    fn unavailable(&self) -> Option<String> {
        unavailable()
    }
}

mod single {
    use super::*;
    votify_core::limiter_conformance!(SingleServer);
}

#[cfg(feature = "cluster")]
#[test]
fn selected_laws_hold_on_a_private_server_cluster() {
    for case in LIMITER_CASES.iter().step_by(7) {
        eprintln!("{case:?}");
        check_limiter(&ThreeNodes, case.name);
    }
}

#[cfg(feature = "cluster")]
mod endurance {
    mod private_server_cluster {
        use super::super::*;
        votify_core::limiter_conformance!(ThreeNodes);
    }
}
