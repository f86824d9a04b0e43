//! Figures of those who watch.

mod contender;
pub(crate) mod large_rooms;
pub(crate) mod reconnect;
pub(crate) mod rooms;
pub(crate) mod seen_by_all;
pub(crate) mod viewer_growth;
pub(crate) mod viewer_memory;
pub(crate) mod viewers;
pub(crate) mod watched_votes;

pub(crate) use contender::stream_of;
