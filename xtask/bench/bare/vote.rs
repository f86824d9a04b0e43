//! A vote that is read and answered, and nothing else.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Debug, Deserialize)]
pub(super) struct Vote {
    option_id: Uuid,
    ballot_id: Uuid,
}

#[derive(Debug, Serialize)]
pub(super) struct Counted {
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

pub(super) async fn answer(
    Path(poll): Path<Uuid>,
    Json(vote): Json<Vote>,
) -> (StatusCode, Json<Counted>) {
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
