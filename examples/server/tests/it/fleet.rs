//! Three instances of the program behind the nginx of `examples/deploy`, on one
//! PostgreSQL and one Redis.
//!
//! nextest runs one of these tests at a time: it matches the name of this module.

mod addresses;
mod instance_loss;
mod instances;
pub(crate) mod nginx;
mod proxying;
mod viewers;
mod vote_counting;
mod voters;
