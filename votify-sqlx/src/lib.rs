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
        reason = "each database uses other parts of the shared modules"
    )
)]

mod accepted;
mod accounts;
mod address_quota;
mod backend;
mod ballot_stream;
mod batch_writes;
mod bind;
mod cast;
mod db_timestamp;
mod decode;
mod definition;
mod error;
mod error_kind;
mod field;
mod invites;
mod join_codes;
mod lifecycle;
mod listing;
mod long_reads;
#[cfg(feature = "mysql")]
mod mysql;
mod optimistic_backend;
mod owner_claims;
mod poll_cache;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod pooled_connection;
#[cfg(feature = "postgres")]
mod postgres;
mod retry;
mod row_ext;
mod row_set;
mod schema;
mod seal;
#[cfg(feature = "sqlite")]
mod sqlite;
mod statement;
mod store;
mod store_health;
mod tables_status;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod url;
mod write_status;

#[cfg(feature = "mysql")]
pub use mysql::{MySqlDatabase, MySqlStore};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresBroadcaster, PostgresDatabase, PostgresStore};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteDatabase, SqliteStore};
pub use store::SqlStore;

/// The version of sqlx whose pools this crate accepts.
pub use sqlx;
