//! Connecting, and what is said of it.

use std::time::{Duration, Instant};

use votify_core::Broadcaster;
use votify_core::broadcast::BroadcastError;
use votify_sqlx::PostgresBroadcaster;
use votify_sqlx::sqlx::{ConnectOptions, Executor};

use crate::scene::{
    drop_database, host_pool, listen, named, node, poll, quiet_database, server, tallied, update,
};

#[tokio::test]
async fn a_url_without_sense_is_no_passing_fault() {
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
async fn a_server_that_is_not_there_may_be_later() {
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let url = format!("postgres://somebody:hunter2@127.0.0.1:{port}/db");
    let error = PostgresBroadcaster::connect(&url).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    // It takes connections, and says nothing.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = mute.local_addr().unwrap().port();
    let began = Instant::now();
    let url = format!("postgres://somebody@127.0.0.1:{port}/db");
    let error = PostgresBroadcaster::connect(&url).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_no_passing_fault() {
    let Some(server) = server() else { return };
    let nowhere = server.database("votify_no_such_database").to_url_lossy();
    let error = PostgresBroadcaster::connect(nowhere.as_str())
        .await
        .unwrap_err();
    assert!(matches!(error, BroadcastError::Failed { .. }), "{error:?}");
}

#[tokio::test]
async fn a_pool_of_one_connection_is_enough_and_stays_the_hosts() {
    let Some(server) = server() else { return };
    let pool = votify_sqlx::sqlx::postgres::PgPoolOptions::new()
        .max_connections(1)
        .connect_with(server)
        .await
        .unwrap();
    let node = PostgresBroadcaster::from_pool(pool.clone()).await.unwrap();
    let poll = poll();
    let mut heard = listen(&node, &poll).await;
    node.publish(&[tallied(&poll, 1)]).await.unwrap();
    assert_eq!(update(&mut heard).await, tallied(&poll, 1));
    node.close().await;
    // Nor does it come back changed.
    let mut connection = pool.acquire().await.unwrap();
    let listening = connection.fetch_all("SELECT pg_listening_channels()");
    assert!(listening.await.unwrap().is_empty());
}

#[tokio::test]
async fn two_databases_do_not_hear_each_other() {
    let Some(server) = server() else { return };
    let database = quiet_database(&server).await;
    let (here, there) = (node(&server).await, node(&database).await);
    let poll = poll();
    let mut heard = listen(&there, &poll).await;
    here.publish(&[tallied(&poll, 1)]).await.unwrap();
    there.publish(&[tallied(&poll, 2)]).await.unwrap();
    assert_eq!(update(&mut heard).await, tallied(&poll, 2));
    there.close().await;
    drop_database(&server, &database).await;
}

#[tokio::test]
async fn debug_shows_neither_url_nor_options() {
    let Some(server) = server() else { return };
    let (named, name) = named(&server);
    let nodes = [
        node(&named).await,
        PostgresBroadcaster::from_pool(host_pool(&named).await)
            .await
            .unwrap(),
    ];
    for node in nodes {
        let shown = format!("{node:?}");
        for secret in [name.as_str(), server.get_host(), server.get_username()] {
            let secret = secret.to_owned();
            // The type's own name is no secret.
            let shown = shown.replace("PostgresBroadcaster", "");
            assert!(!shown.contains(&secret), "{shown}");
        }
        assert_eq!(node.backend(), "postgres");
    }
}
