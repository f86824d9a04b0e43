//! The smallest axum app with polls, stored in one SQLite file.
//!
//! Run `cargo run -p votify-minimal`, then open <http://127.0.0.1:8080>.

use std::net::SocketAddr;

use votify::{Keyring, Permissions, PollEngine, SqliteStore, VotifyRouter};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = SqliteStore::connect("sqlite://votify.db?mode=rwc").await?;
    // Creates the tables, or updates them after an upgrade of Votify.
    store.migrate().await?;
    // With a fixed secret of at least 32 bytes, polls still accept votes after a restart.
    let keyring = std::env::var("VOTIFY_SECRET").map_or_else(
        |_| Ok(Keyring::ephemeral()),
        |secret| Keyring::new([secret]),
    )?;
    let engine = PollEngine::builder(store).keyring(keyring).build();

    // Without this line, only your own code creates and lists polls.
    let votify = VotifyRouter::new(engine).authorize(Permissions::everybody());
    // Add your own routes to this router.
    let app = axum::Router::new().merge(votify.build());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    // The client's address is required for rate limits and for polls with one vote per
    // address.
    axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .await?;
    Ok(())
}
