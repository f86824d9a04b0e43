//! The pages of the club in headless Chromium.

use std::net::SocketAddr;

use sqlx::sqlite::SqlitePoolOptions;
use tokio::net::TcpListener;
use votify_core::Keyring;
use votify_test_support::browser::run;

#[tokio::test]
async fn members_vote_on_a_page_of_the_club() {
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    let keyring = Keyring::new(["a secret of the tests that is long enough"]).unwrap();
    let app = votify_embed::app(pool.clone(), keyring).await.unwrap();
    let ada = votify_embed::join(&pool, "Ada").await.unwrap();
    let bob = votify_embed::join(&pool, "Bob").await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    run("host_page", &[&url, &ada, &bob]).await;
}
