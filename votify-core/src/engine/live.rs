//! Watching polls: one room per watched poll, one set of frames for all of its viewers.

mod departure;
mod frame;
mod hub;
mod pace;
mod presence;
mod room;
mod seats;
mod stage;
mod sweep;
mod watch;

pub use frame::{Frame, FrameKind, Rendering};
pub(super) use hub::Hub;
pub use watch::Watch;

/// The most single votes told with one update.
pub(super) const VOTE_SAMPLE: usize = 32;
