//! What is particular to MySQL and MariaDB: servers, sessions, pools, locks, migrations and faults.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests, whose scenes are built by functions outside of them"
)]

#[path = "../ballots/mod.rs"]
mod ballots;
mod ending;
mod faults;
mod listing;
mod locking;
mod migrating;
mod opening;
mod private_server;
mod refusing;
mod scene;
#[path = "../servers/mod.rs"]
mod servers;
mod severing;
#[path = "../upgrades/mod.rs"]
mod upgrades;
mod upgrading;
