//! The ceiling of votes over HTTP: the same framework reads the same vote and gives the same answer, and does nothing
//! else.

use anyhow::Result;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use uuid::Uuid;

#[derive(Debug, Deserialize)]
struct Vote {
    option_id: Uuid,
    ballot_id: Uuid,
}

#[derive(Debug, Serialize)]
struct Counted {
    success: bool,
    ballot_id: Uuid,
    new_counts: [Count; 2],
    total_votes: u64,
    epoch: u64,
    revision: u64,
}

#[derive(Debug, Serialize)]
struct Count {
    id: Uuid,
    count: u64,
}

/// Serves until the process is ended.
///
/// # Errors
/// If it cannot listen.
#[tokio::main]
pub(crate) async fn serve() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // Without it the same answers come later, and that is all.
        let _ = stream.set_nodelay(true);
    });
    let routes = Router::new().route("/api/polls/{id}/vote", post(answer));
    axum::serve(listener, routes).await?;
    Ok(())
}

async fn answer(Path(poll): Path<Uuid>, Json(vote): Json<Vote>) -> (StatusCode, Json<Counted>) {
    let new_counts = [
        Count {
            id: vote.option_id,
            count: 123_456,
        },
        Count {
            id: poll,
            count: 123_456,
        },
    ];
    let counted = Counted {
        success: true,
        ballot_id: vote.ballot_id,
        new_counts,
        total_votes: 246_912,
        epoch: 1,
        revision: 246_912,
    };
    (StatusCode::CREATED, Json(counted))
}
