//! The web pages, as a browser without JavaScript uses them.

mod assets;
mod create;
mod embed;
mod form_guard;
mod headers;
mod join;
mod mounting;
mod pictures;
mod poll;
mod problems;
mod results;
mod room;
mod theme;
mod voting;
