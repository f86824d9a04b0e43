//! The ceilings: axum handlers that parse the same votes and send the same answers, or
//! send prepared frames to the same viewers, and do nothing else.

mod room;
mod vote;

use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::routing::{get, post};

use crate::listen;
use room::Room;

/// Serves until the process is killed.
///
/// # Errors
/// If the socket cannot listen.
#[tokio::main]
pub(crate) async fn serve() -> Result<()> {
    let votes = Router::new().route("/api/polls/{id}/vote", post(vote::answer));
    let room = Router::new()
        .route("/room", post(room::change))
        .route("/room/stream/{buffer}", get(room::web_socket))
        .route("/room/raw", get(room::raw))
        .with_state(Arc::new(Room::default()));
    listen::serve(votes.merge(room)).await
}
