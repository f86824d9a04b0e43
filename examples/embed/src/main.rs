//! The club's app: `cargo run -p votify-embed`, then log in with one of the codes that it prints:
//! `curl -c jar -d code=CODE http://127.0.0.1:8080/login`, and make a poll with `-b jar` at `/votes/api/polls`.

use std::error::Error;
use std::net::SocketAddr;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use votify_core::Keyring;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    // The club's own pool, with what acknowledged votes want of it: they are on disk.
    let options = SqliteConnectOptions::new()
        .filename("club.db")
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePool::connect_with(options).await?;
    // A secret of your own (32 bytes or more) lets polls take votes after a restart too.
    let keyring = std::env::var("VOTIFY_SECRET").map_or_else(
        |_| Ok(Keyring::ephemeral()),
        |secret| Keyring::new([secret]),
    )?;
    let app = votify_embed::app(pool.clone(), keyring).await?;
    for name in ["Ada", "Bob"] {
        println!(
            "{name} may log in with {}",
            votify_embed::join(&pool, name).await?
        );
    }

    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).await?;
    Ok(())
}
