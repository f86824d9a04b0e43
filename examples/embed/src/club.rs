//! The existing app. Only `identity` depends on Votify.

mod identity;
mod members;
mod pages;
mod routes;
mod trips;

pub(crate) use identity::MemberIdentity;
pub use members::{Member, join};
pub(crate) use routes::{Club, routes};

use sqlx::SqlitePool;

/// Creates the tables of the club.
pub(crate) async fn create_tables(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    members::create_tables(pool).await?;
    trips::create_table(pool).await
}
