//! The web pages: rendered on the server, and usable without JavaScript.
//!
//! `routes.rs` has one line per page. A handler takes a [`Page`](page::Page), which knows the
//! caller and the site, and renders a template of `templates/`. Its errors are
//! [`Problem`](crate::Problem)s, as in the API; [`problem_page`] turns them into pages.

#[cfg(feature = "accounts")]
mod accounts;
mod assets;
mod card;
mod colors;
mod done;
mod form;
mod form_errors;
mod headers;
mod home;
mod join;
mod layout;
mod manage;
mod moment;
mod origin;
mod page;
mod page_slot;
mod percentages;
mod poll;
mod poll_list;
mod poll_status;
mod problem_page;
mod problem_text;
mod qr;
mod refused_form;
mod result_texts;
mod results;
mod room;
mod routes;
mod sent_forms;
mod session_token;
mod standings;
mod theme;
mod times;
mod votes_text;

pub(crate) use card::CardCache;
pub use colors::{Color, InvalidColor, ThemeColors};
pub(crate) use home::SentPolls;
pub(crate) use manage::SentInvites;
pub(crate) use problem_page::{RefusedPage, fallback};
pub(crate) use problem_text::sentence;
pub(crate) use routes::{files, pages};
pub use theme::{InvalidTheme, Theme};
