use std::net::TcpListener;
use std::time::{Duration, Instant};

use votify_core::Broadcaster;
use votify_core::broadcast::BroadcastError;
use votify_sqlx::PostgresBroadcaster;
use votify_sqlx::sqlx::postgres::PgPoolOptions;
use votify_sqlx::sqlx::{ConnectOptions, Executor};
use votify_test_support::broadcaster::{next_update, poll, subscribe, tally_update};

use super::harness::{create_database, drop_database, host_pool, named, node, server};

#[tokio::test]
async fn an_invalid_url_is_a_permanent_error() {
    for url in [
        "",
        "pizza",
        "postgres://:::",
        "postgres://localhost:pizza/db",
    ] {
        let error = PostgresBroadcaster::connect(url).await.unwrap_err();
        assert!(matches!(error, BroadcastError::Failed { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn an_unreachable_server_is_a_transient_error_without_the_password() {
    // No process listens on a port that was just released.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = format!("postgres://somebody:hunter2@127.0.0.1:{port}/db");
    let error = PostgresBroadcaster::connect(&url).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn connecting_to_a_silent_server_times_out() {
    // Accepts connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let began = Instant::now();
    let url = format!("postgres://somebody@127.0.0.1:{port}/db");
    let error = PostgresBroadcaster::connect(&url).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_missing_database_is_a_permanent_error() {
    let Some(server) = server() else { return };
    let url = server.database("votify_no_such_database").to_url_lossy();
    let error = PostgresBroadcaster::connect(url.as_str())
        .await
        .unwrap_err();
    assert!(matches!(error, BroadcastError::Failed { .. }), "{error:?}");
}

#[tokio::test]
async fn a_host_pool_of_one_connection_suffices_and_stays_unchanged() {
    let Some(server) = server() else { return };
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(server)
        .await
        .unwrap();
    let node = PostgresBroadcaster::from_pool(pool.clone()).await.unwrap();
    let poll = poll();
    let mut deliveries = subscribe(&node, &poll).await;
    node.publish(&[tally_update(&poll, 1)]).await.unwrap();
    assert_eq!(next_update(&mut deliveries).await, tally_update(&poll, 1));
    node.close().await;
    // The pool is still open, and its connection does not listen.
    let mut connection = pool.acquire().await.unwrap();
    let channels = connection.fetch_all("SELECT pg_listening_channels()");
    assert!(channels.await.unwrap().is_empty());
}

#[tokio::test]
async fn databases_do_not_receive_each_others_updates() {
    let Some(server) = server() else { return };
    let database = create_database(&server).await;
    let (here, there) = (node(&server).await, node(&database).await);
    let poll = poll();
    let mut deliveries = subscribe(&there, &poll).await;
    here.publish(&[tally_update(&poll, 1)]).await.unwrap();
    there.publish(&[tally_update(&poll, 2)]).await.unwrap();
    assert_eq!(next_update(&mut deliveries).await, tally_update(&poll, 2));
    there.close().await;
    drop_database(&server, &database).await;
}

#[tokio::test]
async fn debug_output_contains_neither_url_nor_options() {
    let Some(server) = server() else { return };
    let (named, name) = named(&server);
    let nodes = [
        node(&named).await,
        PostgresBroadcaster::from_pool(host_pool(&named).await)
            .await
            .unwrap(),
    ];
    for node in nodes {
        let output = format!("{node:?}");
        for secret in [name.as_str(), server.get_host(), server.get_username()] {
            // The user's name may be part of the type's name.
            let output = output.replace("PostgresBroadcaster", "");
            assert!(!output.contains(secret), "{output}");
        }
        assert_eq!(node.backend(), "postgres");
    }
}
