//! Streams over WebSocket.

mod limits;
mod sessions;
mod state;
mod votes;
