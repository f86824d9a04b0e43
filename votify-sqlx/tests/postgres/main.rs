//! What is particular to PostgreSQL: getting in, settings, migrations and faults.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests, whose scenes are built by functions outside of them"
)]

#[path = "../ballots/mod.rs"]
mod ballots;
mod faults;
mod losing;
mod migrating;
mod opening;
mod racing;
mod remembering;
mod scene;
#[path = "../servers/mod.rs"]
mod servers;
mod standby;
#[path = "../upgrades/mod.rs"]
mod upgrades;
mod upgrading;
mod waiting;
