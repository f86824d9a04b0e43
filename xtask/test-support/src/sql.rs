//! PostgreSQL, MySQL and MariaDB servers: a [`ScratchDatabase`] on a shared server, or a
//! private [`Server`] that a test may kill.

mod connection;
mod database;
mod kind;
pub mod leftovers;
mod mysql;
mod postgres;
mod programs;
mod server;

pub use connection::Connection;
pub use database::ScratchDatabase;
pub use kind::ServerKind;
pub use server::Server;
