//! The laws of stores and invites, on one server, with a password, and on a cluster.
//!
//! The ordinary suite checks all laws on one server, and every 13th law on the other
//! kinds. The endurance suite checks all laws on all kinds.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use votify_core::Store;
use votify_core::conformance::{Fixture, STORE_CASES, StoreFixture, check_store};
#[cfg(feature = "cluster")]
use votify_core::conformance::{INVITE_CASES, check_invites};
use votify_redis::{Redis, RedisStore};
#[cfg(feature = "cluster")]
use votify_test_support::redis::Cluster;
use votify_test_support::redis::{Server, ServerConfig, Url, new_prefix};

/// Opens stores on a server, each with a prefix of its own. `None` if there is no server.
struct OnServer<S>(Option<S>);

async fn open_store(url: &str, prefix: &str) -> Arc<RedisStore> {
    let redis = Redis::connect(url).await.unwrap();
    let store = RedisStore::from_client(redis.with_prefix(prefix).unwrap()).await;
    Arc::new(store.unwrap())
}

#[async_trait]
impl<S: Url> StoreFixture for OnServer<S> {
    async fn fresh(&self) -> Fixture<dyn Store> {
        let url = self.0.as_ref().unwrap().url();
        let prefix = new_prefix();
        Fixture::open(move || {
            let (url, prefix) = (url.clone(), prefix.clone());
            async move { open_store(&url, &prefix).await as Arc<dyn Store> }
        })
        .await
    }

    fn unavailable(&self) -> Option<String> {
        self.0.is_none().then(|| "there is no server".to_owned())
    }

    fn max_listing_delay(&self) -> Duration {
        Duration::from_secs(2)
    }
}

mod invites {
    votify_core::invite_conformance!(crate::OnServer(crate::Server::new()));
}

mod single {
    votify_core::store_conformance!(crate::OnServer(crate::Server::new()));
}

/// Checks every `step`th law.
fn check_laws(fixture: &(dyn StoreFixture + 'static), step: usize) {
    for case in STORE_CASES.iter().step_by(step) {
        eprintln!("{case:?}");
        check_store(fixture, case.name);
    }
}

fn with_password() -> OnServer<Server> {
    let config = ServerConfig::new().password("open-sesame");
    OnServer(Server::with_config(config))
}

#[test]
fn selected_laws_hold_with_a_password() {
    check_laws(&with_password(), 13);
}

#[cfg(feature = "cluster")]
#[test]
fn selected_laws_hold_on_a_private_server_cluster() {
    check_laws(&OnServer(Cluster::new()), 13);
}

#[cfg(feature = "cluster")]
#[test]
fn laws_of_invites_hold_on_a_private_server_cluster() {
    let fixture = OnServer(Cluster::new());
    for case in INVITE_CASES {
        check_invites(&fixture, case.name);
    }
}

mod endurance {
    use super::*;

    #[test]
    fn all_laws_hold_with_a_password() {
        check_laws(&with_password(), 1);
    }

    #[cfg(feature = "cluster")]
    #[test]
    fn all_laws_hold_on_a_private_server_cluster() {
        check_laws(&OnServer(Cluster::new()), 1);
    }
}
