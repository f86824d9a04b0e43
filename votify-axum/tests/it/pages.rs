//! The web pages, as a browser without JavaScript uses them.

mod assets;
mod create;
mod embed;
mod form_guard;
mod headers;
mod mounting;
mod poll;
mod problems;
mod theme;
mod voting;
