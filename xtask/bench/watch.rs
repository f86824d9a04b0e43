//! Viewers with minimal cost. They share the processors with the measured server, so
//! their own cost lowers the results.

mod delivery_latency;
mod events;
mod frames;
mod socket;
mod viewer_pool;

pub(crate) use delivery_latency::SentChange;
pub(crate) use socket::{Endpoint, Socket, Transport, revision};
pub(crate) use viewer_pool::ViewerPool;
