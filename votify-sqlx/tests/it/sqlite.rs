//! Tests specific to SQLite: files, host pools, migrations and faults.

mod concurrency;
mod connect;
mod faults;
mod harness;
mod long_reads;
#[cfg(unix)]
mod lost_files;
mod migrations;
mod seals;
mod size;
#[cfg(unix)]
mod truncated_files;
