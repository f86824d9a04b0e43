//! Runs the app of the club: `cargo run -p votify-embed`.
//!
//! Open <http://127.0.0.1:8080>, log in with a printed code and plan a trip. Its poll is an
//! element on the club's own page. Members can create polls by the API too:
//!
//! ```text
//! curl -c jar -d code=CODE http://127.0.0.1:8080/login
//! curl -b jar -H 'content-type: application/json' \
//!     -d '{"title": "Where to?", "options": ["Sea", "Hills"], "voters": "account"}' \
//!     http://127.0.0.1:8080/votes/api/polls
//! ```

use std::error::Error;
use std::net::SocketAddr;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use votify_core::Keyring;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    // With `synchronous = FULL`, acknowledged votes survive a power failure.
    let options = SqliteConnectOptions::new()
        .filename("club.db")
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePool::connect_with(options).await?;
    // With a fixed secret of at least 32 bytes, polls still accept votes after a restart.
    let keyring = std::env::var("VOTIFY_SECRET").map_or_else(
        |_| Ok(Keyring::ephemeral()),
        |secret| Keyring::new([secret]),
    )?;
    let app = votify_embed::app(pool.clone(), keyring).await?;
    for name in ["Ada", "Bob"] {
        println!(
            "login code of {name}: {}",
            votify_embed::join(&pool, name).await?
        );
    }

    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    // The client's address is required for rate limits and for polls with one vote per
    // address.
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).await?;
    Ok(())
}
