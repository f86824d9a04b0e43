//! Tests specific to SQLite: files, host pools, migrations and faults.

mod concurrency;
mod connect;
mod faults;
mod harness;
mod long_reads;
mod migrations;
mod seals;
mod size;
