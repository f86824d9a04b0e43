//! Timestamps with microsecond resolution, and clocks.

mod clock;
mod timestamp;

pub use clock::{Clock, ManualClock, SystemClock};
pub use timestamp::{Timestamp, TimestampError};
