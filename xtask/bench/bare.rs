//! The ceilings: the same framework reads the same vote and gives the same answer, or sends a ready frame to the same
//! viewers, and does nothing else.

mod room;
mod vote;

use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::routing::{get, post};

use crate::listen;
use room::Room;

/// Serves until the process is ended.
///
/// # Errors
/// If it cannot listen.
#[tokio::main]
pub(crate) async fn serve() -> Result<()> {
    let votes = Router::new().route("/api/polls/{id}/vote", post(vote::answer));
    let room = Router::new()
        .route("/room", post(room::change))
        .route("/room/stream", get(room::web_socket))
        .route("/room/events", get(room::events))
        .route("/room/raw", get(room::raw))
        .with_state(Arc::new(Room::default()));
    listen::serve(votes.merge(room)).await
}
