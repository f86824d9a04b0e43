//! Streams over WebSocket.

mod closing;
mod limits;
mod sessions;
mod state;
mod votes;
