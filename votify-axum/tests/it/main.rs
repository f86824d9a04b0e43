//! The router over the real engine and the memory store, in process and over real
//! sockets.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

#[cfg(feature = "accounts")]
mod accounts;
mod address_quotas;
mod app;
mod bodies;
mod browser;
mod canary;
mod client_address;
mod clocks;
mod cors;
mod create_poll;
mod creation_limits;
mod cross_origin;
mod document_examples;
mod endpoints;
mod failing_store;
mod failures;
mod fetch_site;
#[cfg(feature = "ui")]
mod frames;
mod framing;
mod front_ends;
mod fuzz;
mod heartbeats;
mod hidden_results;
mod hosts;
mod invites;
mod join_codes;
#[cfg(feature = "jwks")]
mod jwks;
mod list_pages;
mod list_polls;
mod log_capture;
mod mounting;
mod openapi;
mod operations;
mod origins;
mod own_polls;
mod own_state;
mod owners;
#[cfg(feature = "ui")]
mod pages;
mod permissions;
mod poll_details;
mod problem_details;
mod queued_votes;
mod rate_limits;
mod raw_client;
mod response_memory;
mod result_tables;
mod roles;
mod server;
mod sessions;
mod setup_hints;
#[cfg(any(feature = "accounts", feature = "jwks"))]
mod signing_keys;
mod snapshots;
mod sse;
mod stream_clients;
mod stream_schemas;
mod texts;
mod trailing_slashes;
mod unread_bodies;
mod visibility;
mod voters_per_address;
mod votes;
mod web_socket;
