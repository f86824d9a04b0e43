//! A club's web app that was there before it had polls: its members, its log-in, its database and its routes are its own.
//!
//! What it takes to bring Votify in stands in [`app`]: a store on the club's pool, an [`Identity`](votify_axum::Identity) that
//! knows the club's members, and a place among the club's routes. Votify makes tables of its own beside the club's, and
//! never looks at those.

mod club;

use std::error::Error;

use axum::Router;
use sqlx::SqlitePool;
use votify_axum::VotifyRouter;
use votify_core::{Keyring, PollEngine};
use votify_sqlx::SqliteStore;

use club::Members;
pub use club::{Member, join};

/// The club's app, with polls below `/votes`.
///
/// # Errors
/// If the database is not available.
pub async fn app(
    pool: SqlitePool,
    keyring: Keyring,
) -> Result<Router, Box<dyn Error + Send + Sync>> {
    club::make_tables(&pool).await?;

    let store = SqliteStore::from_pool(pool.clone()).await?;
    store.migrate().await?;
    let engine = PollEngine::builder(store).keyring(keyring).build();
    let polls = VotifyRouter::new(engine)
        .identity(Members::of(pool.clone()))
        .build();

    Ok(club::routes(pool).nest("/votes", polls))
}
