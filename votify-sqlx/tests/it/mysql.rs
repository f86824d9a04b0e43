//! Tests specific to MySQL and MariaDB: sessions, host pools, locks, migrations and
//! faults.

mod commit;
mod connect;
mod connect_errors;
mod connection_loss;
mod faults;
mod harness;
mod listing;
mod locking;
mod long_reads;
mod migrations;
mod private_server;
mod seals;
mod votes_beside_searches;
