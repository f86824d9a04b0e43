//! Streams over WebSocket.

mod closing;
mod limits;
mod opening;
mod sessions;
mod state;
mod votes;
