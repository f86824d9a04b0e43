//! The web pages, as a browser without JavaScript uses them.

#[cfg(feature = "accounts")]
mod accounts;
mod assets;
mod create;
mod embed;
mod form_guard;
mod headers;
mod invite_sheet;
mod manage;
mod mounting;
mod poll;
mod poll_lists;
mod problems;
mod theme;
mod visitor;
mod voting;
