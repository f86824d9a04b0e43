//! Viewers that cost as little as they can: on the same cores as the server, their cost is the server's loss.

mod crowd;
mod events;
mod frames;
mod seen;
mod socket;

pub(crate) use crowd::{Crowd, Door};
pub(crate) use seen::Sent;
pub(crate) use socket::{Carrier, Socket, revision};
