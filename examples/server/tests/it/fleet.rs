//! Three instances of the program behind the nginx of `examples/deploy`, on one PostgreSQL and one Redis.
//!
//! They hold `fleet` in their names, so that nextest runs one at a time.

mod addresses;
mod fault;
mod instances;
mod nginx;
mod passing;
mod serving;
mod viewers;
mod voters;
