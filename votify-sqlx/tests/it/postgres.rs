//! Tests specific to PostgreSQL: connecting, host pools, locks, the cache, migrations and
//! faults.

mod cache;
mod concurrency;
mod connect;
mod connection_loss;
mod faults;
mod harness;
mod locking;
mod long_reads;
mod migrations;
mod seals;
mod standby;
mod votes_beside_searches;
