//! What is particular to SQLite: files, pools, migrations and faults.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests, whose scenes are built by functions outside of them"
)]

#[path = "../ballots/mod.rs"]
mod ballots;
mod faults;
mod migrating;
mod opening;
mod racing;
mod scene;
#[path = "../upgrades/mod.rs"]
mod upgrades;
mod upgrading;
