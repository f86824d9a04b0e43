//! The contract of broadcasters, with the broadcaster's own pool and on a host's pool.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use votify_core::Broadcaster;
use votify_core::conformance::{BroadcasterFixture, Fixture};
use votify_sqlx::PostgresBroadcaster;
use votify_sqlx::sqlx::postgres::PgConnectOptions;
use votify_test_support::sql::ServerKind;

use super::harness;

/// Returns a function that terminates all connections with an application name.
fn interrupt(
    server: PgConnectOptions,
    name: String,
) -> impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static {
    move || {
        let (server, name) = (server.clone(), name.clone());
        Box::pin(async move {
            let mut admin = harness::connection(&server).await;
            harness::terminate(&mut admin, &name, "%").await;
        })
    }
}

struct OwnPool;

#[async_trait]
impl BroadcasterFixture for OwnPool {
    async fn fresh(&self) -> Fixture<dyn Broadcaster> {
        let server = harness::server().unwrap();
        let (named, name) = harness::named(&server);
        let (node, other) = (harness::node(&named).await, harness::node(&named).await);
        Fixture::<dyn Broadcaster>::new(Arc::new(node))
            .with_second_instance(Arc::new(other))
            .with_interrupt(interrupt(server, name))
    }

    fn unavailable(&self) -> Option<String> {
        ServerKind::Postgres.unavailable()
    }
}

struct HostPool;

#[async_trait]
impl BroadcasterFixture for HostPool {
    async fn fresh(&self) -> Fixture<dyn Broadcaster> {
        let server = harness::server().unwrap();
        let (named, name) = harness::named(&server);
        let node = || async {
            let pool = harness::host_pool(&named).await;
            Arc::new(PostgresBroadcaster::from_pool(pool).await.unwrap())
        };
        Fixture::<dyn Broadcaster>::new(node().await)
            .with_second_instance(node().await)
            .with_interrupt(interrupt(server, name))
    }

    fn unavailable(&self) -> Option<String> {
        ServerKind::Postgres.unavailable()
    }
}

mod own_pool {
    votify_core::broadcaster_conformance!(super::OwnPool);
}

mod host_pool {
    votify_core::broadcaster_conformance!(super::HostPool);
}
