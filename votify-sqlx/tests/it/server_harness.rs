//! The test servers themselves behave as the other tests assume.

mod hard_kills;
mod private_servers;
mod scratch_databases;
