//! Figures with viewers.

pub(crate) mod reconnect;
pub(crate) mod rooms;
pub(crate) mod seen_by_all;
mod subject;
pub(crate) mod viewer_growth;
pub(crate) mod viewer_memory;
pub(crate) mod watched_votes;

pub(crate) use subject::stream_of;
