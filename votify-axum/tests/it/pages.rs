//! The web pages, as a browser without JavaScript uses them.

#[cfg(feature = "accounts")]
mod accounts;
mod assets;
mod create;
mod embed;
mod form_guard;
mod headers;
mod invite_sheet;
mod join;
mod manage;
mod mounting;
mod pictures;
mod poll;
mod poll_lists;
mod problems;
mod random_forms;
mod results;
mod room;
mod theme;
mod visitor;
mod voting;
