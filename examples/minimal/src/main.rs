//! Polls in one SQLite file, in an axum app: `cargo run -p votify-minimal`, then open <http://127.0.0.1:8080>.

use std::net::SocketAddr;

use votify_core::{Keyring, PollEngine};
use votify_sqlx::SqliteStore;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = SqliteStore::connect("sqlite://votify.db?mode=rwc").await?;
    store.migrate().await?;
    // A secret of your own (32 bytes or more) lets polls take votes after a restart too.
    let keyring = std::env::var("VOTIFY_SECRET").map_or_else(|_| Ok(Keyring::ephemeral()), |secret| Keyring::new([secret]))?;
    let engine = PollEngine::builder(store).keyring(keyring).build();

    let app = axum::Router::new().merge(votify_axum::router(engine));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    // The client's address is what polls of one vote per address, and rate limits, go by.
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
