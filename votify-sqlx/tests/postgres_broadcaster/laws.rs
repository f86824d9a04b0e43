//! Every law, on nodes with connections of their own, and on hosts' pools.

use std::sync::Arc;

use async_trait::async_trait;
use votify_core::conformance::{BroadcasterFixture, FreshBroadcaster};
use votify_sqlx::PostgresBroadcaster;
use votify_sqlx::sqlx::postgres::PgConnectOptions;

use crate::scene;

/// A way to cut the connections of all nodes of that name.
fn cutting(
    server: PgConnectOptions,
    name: String,
) -> impl Fn() -> futures_util::future::BoxFuture<'static, ()> + Send + Sync + 'static {
    move || {
        let (server, name) = (server.clone(), name.clone());
        Box::pin(async move {
            let mut admin = scene::connection(&server).await;
            scene::kill(&mut admin, &name, "%").await;
        })
    }
}

struct Own;

#[async_trait]
impl BroadcasterFixture for Own {
    async fn fresh(&self) -> FreshBroadcaster {
        let server = scene::server().unwrap();
        let (named, name) = scene::named(&server);
        let (node, other) = (scene::node(&named).await, scene::node(&named).await);
        FreshBroadcaster::new(Arc::new(node))
            .with_another_node(Arc::new(other))
            .interrupted_by(cutting(server, name))
    }

    fn unavailable(&self) -> Option<String> {
        scene::unavailable()
    }
}

struct Host;

#[async_trait]
impl BroadcasterFixture for Host {
    async fn fresh(&self) -> FreshBroadcaster {
        let server = scene::server().unwrap();
        let (named, name) = scene::named(&server);
        let node = || async {
            let pool = scene::host_pool(&named).await;
            Arc::new(PostgresBroadcaster::from_pool(pool).await.unwrap())
        };
        FreshBroadcaster::new(node().await)
            .with_another_node(node().await)
            .interrupted_by(cutting(server, name))
    }

    fn unavailable(&self) -> Option<String> {
        scene::unavailable()
    }
}

mod own_connections {
    votify_core::broadcaster_conformance!(crate::laws::Own);
}

mod host_pool {
    votify_core::broadcaster_conformance!(crate::laws::Host);
}
