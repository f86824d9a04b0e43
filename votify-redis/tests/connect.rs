//! Connecting to servers and clusters.

use std::time::{Duration, Instant};

use votify_redis::{ConnectError, Redis, redis};
use votify_test_support::redis::{Server, ServerConfig};

/// Returns display and debug output of an error, and its source.
fn describe(error: &ConnectError) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    format!("{error} {error:?} {source:?}")
}

#[tokio::test(flavor = "multi_thread")]
async fn password_is_required_and_never_revealed() {
    let Some(server) = Server::with_config(ServerConfig::new().password("hunter2")) else {
        return;
    };
    let redis = Redis::connect(&server.url()).await.unwrap();
    assert!(!redis.is_cluster());
    assert!(!format!("{redis:?}").contains("hunter2"), "{redis:?}");
    let builder = Redis::builder(&server.url());
    assert!(!format!("{builder:?}").contains("hunter2"), "{builder:?}");
    let port = server.port();
    for invalid in [
        format!("redis://127.0.0.1:{port}"),
        format!("redis://:swordfish@127.0.0.1:{port}"),
        format!("redis://nobody:swordfish@127.0.0.1:{port}"),
    ] {
        let error = Redis::connect(&invalid).await.unwrap_err();
        let description = describe(&error);
        assert!(!error.is_transient(), "{description}");
        assert!(!description.contains("swordfish"), "{description}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn client_of_the_host_provides_the_address() {
    let Some(server) = Server::new() else {
        return;
    };
    let client = redis::Client::open(server.url()).unwrap();
    let redis = Redis::from_client(client).await.unwrap();
    assert!(format!("{redis:?}").contains(&server.port().to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_and_killed_servers_are_unavailable_within_the_timeout() {
    let Some(mut server) = Server::new() else {
        return;
    };
    server.pause();
    let started = Instant::now();
    let error = Redis::connect(&server.url()).await.unwrap_err();
    assert!(error.is_transient(), "{}", describe(&error));
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "{:?}",
        started.elapsed()
    );
    server.kill();
    let error = Redis::connect(&server.url()).await.unwrap_err();
    assert!(error.is_transient(), "{}", describe(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_prefixes_are_rejected() {
    let Some(server) = Server::new() else {
        return;
    };
    let redis = Redis::connect(&server.url()).await.unwrap();
    for invalid in ["", "{poll}", "a b"] {
        let error = redis.clone().with_prefix(invalid).unwrap_err();
        assert!(!error.is_transient());
        let builder = Redis::builder(&server.url()).prefix(invalid);
        assert!(!builder.connect().await.unwrap_err().is_transient());
    }
    assert!(format!("{:?}", redis.with_prefix("app:polls").unwrap()).contains("app:polls"));
}

#[cfg(feature = "tls")]
#[tokio::test(flavor = "multi_thread")]
async fn tls_server_is_trusted_by_its_root_certificate_only() {
    let config = ServerConfig::new().tls().password("hunter2");
    let Some(server) = Server::with_config(config) else {
        return;
    };
    let trusting = Redis::builder(&server.url()).root_certificates(server.root_certificate());
    trusting.connect().await.unwrap();
    let error = Redis::connect(&server.url()).await.unwrap_err();
    let description = describe(&error);
    assert!(!description.contains("hunter2"), "{description}");
}

#[cfg(not(feature = "tls"))]
#[tokio::test]
async fn tls_url_without_the_feature_is_rejected() {
    let error = Redis::connect("rediss://:hunter2@localhost")
        .await
        .unwrap_err();
    let description = describe(&error);
    assert!(
        description.contains("feature `tls`") && !description.contains("hunter2"),
        "{description}"
    );
}

mod private_server_cluster {
    use votify_redis::Redis;
    use votify_test_support::redis::{Cluster, ServerConfig};

    #[tokio::test(flavor = "multi_thread")]
    async fn cluster_is_detected_through_every_node() {
        let config = ServerConfig::new().password("hunter2");
        let Some(cluster) = Cluster::with_config(&config) else {
            return;
        };
        for node in cluster.nodes() {
            let connected = Redis::connect(&node.url()).await;
            #[cfg(feature = "cluster")]
            assert!(connected.unwrap().is_cluster());
            #[cfg(not(feature = "cluster"))]
            {
                let description = super::describe(&connected.unwrap_err());
                assert!(description.contains("feature `cluster`"), "{description}");
            }
        }
    }

    #[cfg(all(feature = "tls", feature = "cluster"))]
    #[tokio::test(flavor = "multi_thread")]
    async fn cluster_with_tls_is_reachable() {
        let Some(cluster) = Cluster::with_config(&ServerConfig::new().tls()) else {
            return;
        };
        let node = &cluster.nodes()[0];
        let redis = Redis::builder(&node.url()).root_certificates(node.root_certificate());
        assert!(redis.connect().await.unwrap().is_cluster());
    }
}
