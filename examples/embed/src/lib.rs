//! Votify inside an existing web app: a club with its own members, login, database and
//! routes.
//!
//! The whole integration is in [`app`]: a store on the pool of the club, an
//! [`Identity`](votify_axum::Identity) for its members, and a nested router. Votify
//! creates its own tables in the database of the club, and does not access the tables of
//! the club. The club plans trips: a table of its own refers to polls by their ids, and the
//! polls to the trips by their external references.

mod club;

use std::error::Error;

use axum::Router;
use sqlx::SqlitePool;
use votify_axum::{Creators, Permissions, VotifyRouter};
use votify_core::{Keyring, PollEngine};
use votify_sqlx::SqliteStore;

use club::{Club, MemberIdentity};
pub use club::{Member, join};

/// Returns the app of the club, with polls below `/votes`.
///
/// # Errors
/// If the database is unavailable or a migration fails. The app may retry at its next
/// start.
pub async fn app(
    pool: SqlitePool,
    keyring: Keyring,
) -> Result<Router, Box<dyn Error + Send + Sync>> {
    club::create_tables(&pool).await?;

    // The store shares the pool of the app, so both use one set of connections.
    let store = SqliteStore::from_pool(pool.clone()).await?;
    store.migrate().await?;
    let engine = PollEngine::builder(store).keyring(keyring).build();
    // With an identity, polls with `"voters": "account"` accept one vote per member.
    let polls = VotifyRouter::new(engine.clone())
        .identity(MemberIdentity::new(pool.clone()))
        // Only members create polls. These are unlisted, the default of the router, and nobody
        // lists polls but their owners.
        .authorize(Permissions::default().create(Creators::Accounts))
        .build();

    Ok(club::routes(Club { pool, engine }).nest("/votes", polls))
}
