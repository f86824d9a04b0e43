//! A vote that is parsed and answered, but not stored.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Debug, Deserialize)]
pub(super) struct VoteInput {
    option_id: Uuid,
    ballot_id: Uuid,
}

#[derive(Debug, Serialize)]
pub(super) struct VoteResponse {
    success: bool,
    ballot_id: Uuid,
    new_counts: [OptionCount; 2],
    total_votes: u64,
    epoch: u64,
    revision: u64,
}

#[derive(Debug, Serialize)]
struct OptionCount {
    id: Uuid,
    count: u64,
}

pub(super) async fn answer(
    Path(poll): Path<Uuid>,
    Json(vote): Json<VoteInput>,
) -> (StatusCode, Json<VoteResponse>) {
    let new_counts = [
        OptionCount {
            id: vote.option_id,
            count: 123_456,
        },
        OptionCount {
            id: poll,
            count: 123_456,
        },
    ];
    let response = VoteResponse {
        success: true,
        ballot_id: vote.ballot_id,
        new_counts,
        total_votes: 246_912,
        epoch: 1,
        revision: 246_912,
    };
    (StatusCode::CREATED, Json(response))
}
