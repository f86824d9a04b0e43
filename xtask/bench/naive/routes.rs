//! The part of the API that voters use.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use votify_sqlx::sqlx::Error;

use super::redis_mirror::RedisMirror;
use super::store::{Counts, NaiveStore, Vote, is_deadlock};

/// Maximum attempts of a transaction that loses deadlocks.
const ATTEMPTS: u32 = 100;

#[derive(Debug, Clone)]
struct AppState<S> {
    store: S,
    mirror: Option<RedisMirror>,
}

pub(super) fn routes<S: NaiveStore>(store: S, mirror: Option<RedisMirror>) -> Router {
    Router::new()
        .route("/api/polls", post(create::<S>))
        .route("/api/polls/{id}/vote", post(vote::<S>))
        .with_state(AppState { store, mirror })
}

#[derive(Debug, Deserialize)]
struct PollInput {
    title: String,
    options: Vec<String>,
}

#[derive(Debug, Serialize)]
struct PollResponse {
    id: Uuid,
    options: Vec<OptionResponse>,
}

#[derive(Debug, Serialize)]
struct OptionResponse {
    id: Uuid,
    text: String,
}

async fn create<S: NaiveStore>(
    State(AppState { store, .. }): State<AppState<S>>,
    Json(input): Json<PollInput>,
) -> Result<(StatusCode, Json<PollResponse>), StatusCode> {
    let options = input.options.into_iter().map(|text| OptionResponse {
        id: Uuid::now_v7(),
        text,
    });
    let created = PollResponse {
        id: Uuid::now_v7(),
        options: options.collect(),
    };
    let options: Vec<_> = created
        .options
        .iter()
        .map(|option| (option.id, option.text.as_str()))
        .collect();
    store
        .create(created.id, &input.title, &options)
        .await
        .map_err(|error| status(&error))?;
    Ok((StatusCode::CREATED, Json(created)))
}

#[derive(Debug, Deserialize)]
struct VoteInput {
    option_id: Uuid,
    ballot_id: Uuid,
}

#[derive(Debug, Serialize)]
struct VoteResponse {
    success: bool,
    ballot_id: Uuid,
    new_counts: Vec<OptionCount>,
    total_votes: i64,
    epoch: u64,
    revision: i64,
}

#[derive(Debug, Serialize)]
struct OptionCount {
    id: Uuid,
    count: i64,
}

async fn vote<S: NaiveStore>(
    State(state): State<AppState<S>>,
    Path(poll): Path<Uuid>,
    Json(input): Json<VoteInput>,
) -> Result<(StatusCode, Json<VoteResponse>), StatusCode> {
    let vote = Vote {
        poll,
        option: input.option_id,
        voter: input.ballot_id,
    };
    if let Some(mirror) = &state.mirror {
        let has_voted = mirror.has_voted(vote).await;
        if has_voted.map_err(|error| internal_error(&error))? {
            return Err(StatusCode::CONFLICT);
        }
    }
    let counts = vote_with_retries(&state.store, vote)
        .await
        .map_err(|error| status(&error))?;
    if let Some(mirror) = &state.mirror {
        let counted = mirror.count(vote, &counts).await;
        counted.map_err(|error| internal_error(&error))?;
    }
    let new_counts = counts.options.into_iter();
    let response = VoteResponse {
        success: true,
        ballot_id: input.ballot_id,
        new_counts: new_counts
            .map(|(id, count)| OptionCount { id, count })
            .collect(),
        total_votes: counts.total,
        epoch: 1,
        revision: counts.total,
    };
    Ok((StatusCode::CREATED, Json(response)))
}

async fn vote_with_retries(store: &impl NaiveStore, vote: Vote) -> Result<Counts, Error> {
    for _ in 1..ATTEMPTS {
        match store.vote(vote).await {
            Err(error) if is_deadlock(&error) => {}
            result => return result,
        }
    }
    store.vote(vote).await
}

fn status(error: &Error) -> StatusCode {
    match error {
        Error::RowNotFound => StatusCode::NOT_FOUND,
        Error::Database(error) if error.is_unique_violation() => StatusCode::CONFLICT,
        _ => internal_error(error),
    }
}

fn internal_error(error: &dyn std::error::Error) -> StatusCode {
    eprintln!("naive server: {error}");
    StatusCode::INTERNAL_SERVER_ERROR
}
