//! Watching polls: one room for each watched poll, and one set of frames for all of its
//! viewers.

mod adaptive_interval;
mod drain;
mod frame;
mod frame_latency;
mod frame_set;
mod presence;
mod published_state;
mod registry;
mod resync;
mod room;
mod tracked_voters;
mod watch;

pub use frame::{Frame, FrameFormat, FrameKind};
pub(super) use registry::RoomRegistry;
pub(super) use room::context::RoomContext;
pub use watch::Watch;
