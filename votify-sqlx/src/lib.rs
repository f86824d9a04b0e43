#![cfg_attr(feature = "sqlite", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "sqlite"),
    doc = "Stores for Votify in SQL databases, each behind a feature. The introduction needs the feature `sqlite`."
)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(all(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(
        dead_code,
        reason = "each database takes from the middle what it needs"
    )
)]

mod accounts;
mod batch;
mod columns;
mod definition;
mod dialect;
mod error;
mod field;
mod invites;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod lease;
mod lifecycle;
mod listing;
mod memory;
mod moment;
#[cfg(feature = "mysql")]
mod mysql;
mod newcomers;
mod pages;
mod parameters;
mod places;
#[cfg(feature = "postgres")]
mod postgres;
mod read;
mod retry;
mod row;
mod schema;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod url;
mod writes;

#[cfg(feature = "mysql")]
pub use mysql::{MySqlDatabase, MySqlStore};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresBroadcaster, PostgresDatabase, PostgresStore};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteDatabase, SqliteStore};
pub use store::SqlStore;

/// The version of sqlx whose pools this crate accepts.
pub use sqlx;
