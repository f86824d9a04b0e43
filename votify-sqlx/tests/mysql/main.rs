//! What is particular to MySQL and MariaDB: servers, sessions, pools, locks, migrations and faults.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests, whose scenes are built by functions outside of them"
)]

mod scene;
#[path = "../servers/mod.rs"]
mod servers;
