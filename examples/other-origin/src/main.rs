//! Serves the front end and the API on two ports, which are two origins.
//!
//! Run `cargo run -p votify-other-origin`, then open <http://127.0.0.1:3000>.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use votify_axum::PublicUrl;
use votify_core::{MemoryStore, PollEngine};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let api_url: PublicUrl = "http://127.0.0.1:8080".parse()?;
    let front_end = votify_other_origin::front_end(&api_url);
    // The polls end with the process.
    let engine = PollEngine::new(MemoryStore::new());
    let api = votify_other_origin::api(engine, api_url, "http://127.0.0.1:3000".parse()?);

    let api_listener = TcpListener::bind("127.0.0.1:8080").await?;
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    // The client's address is required for rate limits.
    let api = api.into_make_service_with_connect_info::<SocketAddr>();
    tokio::try_join!(
        axum::serve(api_listener, api).into_future(),
        axum::serve(listener, front_end).into_future(),
    )?;
    Ok(())
}
