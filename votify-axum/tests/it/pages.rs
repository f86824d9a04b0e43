//! The web pages, as a browser without JavaScript uses them.

#[cfg(feature = "accounts")]
mod accounts;
mod invite_sheet;
mod manage;
mod poll_lists;
#[cfg(feature = "accounts")]
mod screenshots;
mod visitor;
