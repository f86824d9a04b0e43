//! The broadcaster over `LISTEN` and `NOTIFY`, on a real server.
//!
//! A channel belongs to the whole database: every test receives the notifications of all
//! other tests and must ignore them.

mod closing;
mod conformance;
mod connect;
mod connection_loss;
mod engines;
mod half_open;
mod harness;
mod invalid_payloads;
mod payload_sizes;
mod proxy;
