//! Tests specific to SQLite: files, host pools, migrations and faults.

mod concurrency;
mod connect;
mod faults;
mod harness;
#[cfg(unix)]
mod lost_files;
mod migrations;
mod seals;
mod size;
mod slow_reads;
