#![cfg_attr(feature = "sqlite", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "sqlite"),
    doc = "Votify's polls and votes in SQL databases: a feature for each, and none is switched on."
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "sqlite")]
mod batch;
#[cfg(feature = "sqlite")]
mod bulk;
#[cfg(feature = "sqlite")]
mod dialect;
#[cfg(feature = "sqlite")]
mod durability;
#[cfg(feature = "sqlite")]
mod error;
#[cfg(feature = "sqlite")]
mod field;
#[cfg(feature = "sqlite")]
mod lifecycle;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod retry;
#[cfg(feature = "sqlite")]
mod row;
#[cfg(feature = "sqlite")]
mod schema;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "sqlite")]
pub use durability::Durability;
#[cfg(feature = "postgres")]
pub use postgres::PostgresBroadcaster;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

pub use sqlx;
