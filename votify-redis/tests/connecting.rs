//! Ways to servers.

#[path = "servers/mod.rs"]
mod servers;

use std::time::{Duration, Instant};

use servers::{Server, Setup};
use votify_redis::{ConnectError, Redis, redis};

/// The error's text with those of its causes, in both ways of showing it.
fn all_words(error: &ConnectError) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    format!("{error} {error:?} {cause:?}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_password_lets_in_who_knows_it() {
    let Some(server) = Server::of(Setup::new().password("hunter2")) else {
        return;
    };
    let redis = Redis::connect(&server.url()).await.unwrap();
    assert!(!redis.is_cluster());
    assert!(!format!("{redis:?}").contains("hunter2"), "{redis:?}");
    let builder = Redis::builder(&server.url());
    assert!(!format!("{builder:?}").contains("hunter2"), "{builder:?}");
    let port = server.port();
    for wrong in [
        format!("redis://127.0.0.1:{port}"),
        format!("redis://:swordfish@127.0.0.1:{port}"),
        format!("redis://nobody:swordfish@127.0.0.1:{port}"),
    ] {
        let error = Redis::connect(&wrong).await.unwrap_err();
        let words = all_words(&error);
        assert!(!error.is_transient(), "{words}");
        assert!(!words.contains("swordfish"), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_gives_its_client() {
    let Some(server) = Server::plain() else {
        return;
    };
    let client = redis::Client::open(server.url()).unwrap();
    let redis = Redis::from_client(client).await.unwrap();
    assert!(format!("{redis:?}").contains(&server.port().to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_away_or_silent_is_unavailable_in_time() {
    let Some(mut server) = Server::plain() else {
        return;
    };
    server.pause();
    let began = Instant::now();
    let error = Redis::connect(&server.url()).await.unwrap_err();
    assert!(error.is_transient(), "{}", all_words(&error));
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
    server.kill();
    let error = Redis::connect(&server.url()).await.unwrap_err();
    assert!(error.is_transient(), "{}", all_words(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn prefixes_that_cannot_be_are_refused() {
    let Some(server) = Server::plain() else {
        return;
    };
    let redis = Redis::connect(&server.url()).await.unwrap();
    for bad in ["", "{poll}", "a b"] {
        let error = redis.clone().with_prefix(bad).unwrap_err();
        assert!(!error.is_transient());
        let built = Redis::builder(&server.url()).prefix(bad).connect().await;
        assert!(!built.unwrap_err().is_transient());
    }
    assert!(format!("{:?}", redis.with_prefix("app:polls").unwrap()).contains("app:polls"));
}

#[cfg(feature = "tls")]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_tls_is_trusted_by_its_root_alone() {
    let Some(server) = Server::of(Setup::new().tls().password("hunter2")) else {
        return;
    };
    let trusting = Redis::builder(&server.url()).root_certificates(server.root_certificate());
    trusting.connect().await.unwrap();
    let error = Redis::connect(&server.url()).await.unwrap_err();
    assert!(
        !all_words(&error).contains("hunter2"),
        "{}",
        all_words(&error)
    );
}

#[cfg(not(feature = "tls"))]
#[tokio::test]
async fn tls_wants_its_feature() {
    let error = Redis::connect("rediss://:hunter2@localhost")
        .await
        .unwrap_err();
    let words = all_words(&error);
    assert!(
        words.contains("feature `tls`") && !words.contains("hunter2"),
        "{words}"
    );
}

mod private_servers_of_a_cluster {
    use super::Redis;
    use super::servers::{Cluster, Setup};

    #[tokio::test(flavor = "multi_thread")]
    async fn a_cluster_is_recognised_by_any_node() {
        let Some(cluster) = Cluster::of(&Setup::new().password("hunter2")) else {
            return;
        };
        for node in cluster.nodes() {
            let connected = Redis::connect(&node.url()).await;
            #[cfg(feature = "cluster")]
            assert!(connected.unwrap().is_cluster());
            #[cfg(not(feature = "cluster"))]
            {
                let words = super::all_words(&connected.unwrap_err());
                assert!(words.contains("feature `cluster`"), "{words}");
            }
        }
    }

    #[cfg(all(feature = "tls", feature = "cluster"))]
    #[tokio::test(flavor = "multi_thread")]
    async fn a_cluster_with_tls_is_reached() {
        let Some(cluster) = Cluster::of(&Setup::new().tls()) else {
            return;
        };
        let node = &cluster.nodes()[0];
        let redis = Redis::builder(&node.url()).root_certificates(node.root_certificate());
        assert!(redis.connect().await.unwrap().is_cluster());
    }
}
