//! Every law of stores, on the shared server, on one with a password, and on a cluster.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot open its store fails its test"
)]

#[path = "servers/mod.rs"]
mod servers;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use votify_core::Store;
use votify_core::conformance::{
    FreshInvites, FreshStore, InviteFixture, InviteHandle, STORE_CASES, StoreFixture, check_store,
};
#[cfg(feature = "cluster")]
use votify_core::conformance::{INVITE_CASES, check_invites};
use votify_redis::{Redis, RedisStore};

use servers::{Server, Setup, new_prefix};

/// Stores on a server, each with a prefix of its own; no server after telling so.
struct On<S>(Option<S>);

trait Url: Send + Sync {
    fn url(&self) -> String;
}

impl Url for Server {
    fn url(&self) -> String {
        Self::url(self)
    }
}

#[async_trait]
impl<S: Url> StoreFixture for On<S> {
    async fn fresh(&self) -> FreshStore {
        let url = self.0.as_ref().unwrap().url();
        let prefix = new_prefix();
        FreshStore::open(move || {
            let (url, prefix) = (url.clone(), prefix.clone());
            async move {
                let redis = Redis::connect(&url).await.unwrap();
                let store = RedisStore::open(redis.with_prefix(&prefix).unwrap()).await;
                Arc::new(store.unwrap()) as Arc<dyn Store>
            }
        })
        .await
    }

    fn unavailable(&self) -> Option<String> {
        self.0.is_none().then(|| "there is no server".to_owned())
    }

    fn listings_may_lag(&self) -> Duration {
        Duration::from_secs(2)
    }
}

#[async_trait]
impl<S: Url> InviteFixture for On<S> {
    async fn fresh(&self) -> FreshInvites {
        let url = self.0.as_ref().unwrap().url();
        let prefix = new_prefix();
        FreshInvites::open(move || {
            let (url, prefix) = (url.clone(), prefix.clone());
            async move {
                let redis = Redis::connect(&url).await.unwrap();
                let store = RedisStore::open(redis.with_prefix(&prefix).unwrap()).await;
                InviteHandle::new(Arc::new(store.unwrap()))
            }
        })
        .await
    }

    fn unavailable(&self) -> Option<String> {
        StoreFixture::unavailable(self)
    }
}

mod invites {
    votify_core::invite_conformance!(crate::On(crate::Server::plain()));
}

mod on_one_server {
    votify_core::store_conformance!(crate::On(crate::Server::plain()));
}

#[test]
fn every_law_with_a_password() {
    let on = On(Server::of(Setup::new().password("open-sesame")));
    STORE_CASES
        .iter()
        .for_each(|case| check_store(&on, case.name));
}

#[cfg(feature = "cluster")]
impl Url for servers::Cluster {
    fn url(&self) -> String {
        Self::url(self)
    }
}

#[cfg(feature = "cluster")]
#[test]
fn every_law_on_a_private_server_cluster() {
    let on = On(servers::Cluster::plain());
    STORE_CASES
        .iter()
        .for_each(|case| check_store(&on, case.name));
}

#[cfg(feature = "cluster")]
#[test]
fn every_law_of_invites_on_a_private_server_cluster() {
    let on = On(servers::Cluster::plain());
    INVITE_CASES
        .iter()
        .for_each(|case| check_invites(&on, case.name));
}
