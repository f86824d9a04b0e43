use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use votify_sqlx::sqlx::Error;

use super::flow::{Counts, Flow, Vote, is_a_deadlock};
use super::redis::Beside;

/// How often a transaction that lost against another is tried in all.
const ATTEMPTS: u32 = 100;

#[derive(Debug, Clone)]
struct Parts<F> {
    flow: F,
    beside: Option<Beside>,
}

/// As much of the API as a vote takes.
pub(super) fn routes<F: Flow>(flow: F, beside: Option<Beside>) -> Router {
    Router::new()
        .route("/api/polls", post(create::<F>))
        .route("/api/polls/{id}/vote", post(vote::<F>))
        .with_state(Parts { flow, beside })
}

#[derive(Debug, Deserialize)]
struct Draft {
    title: String,
    options: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Created {
    id: Uuid,
    options: Vec<CreatedOption>,
}

#[derive(Debug, Serialize)]
struct CreatedOption {
    id: Uuid,
    text: String,
}

async fn create<F: Flow>(
    State(Parts { flow, .. }): State<Parts<F>>,
    Json(draft): Json<Draft>,
) -> Result<(StatusCode, Json<Created>), StatusCode> {
    let options = draft.options.into_iter().map(|text| CreatedOption {
        id: Uuid::now_v7(),
        text,
    });
    let created = Created {
        id: Uuid::now_v7(),
        options: options.collect(),
    };
    let options: Vec<_> = created
        .options
        .iter()
        .map(|option| (option.id, option.text.as_str()))
        .collect();
    flow.create(created.id, &draft.title, &options)
        .await
        .map_err(|error| status(&error))?;
    Ok((StatusCode::CREATED, Json(created)))
}

#[derive(Debug, Deserialize)]
struct Body {
    option_id: Uuid,
    ballot_id: Uuid,
}

#[derive(Debug, Serialize)]
struct Counted {
    success: bool,
    ballot_id: Uuid,
    new_counts: Vec<Count>,
    total_votes: i64,
    epoch: u64,
    revision: i64,
}

#[derive(Debug, Serialize)]
struct Count {
    id: Uuid,
    count: i64,
}

async fn vote<F: Flow>(
    State(parts): State<Parts<F>>,
    Path(poll): Path<Uuid>,
    Json(body): Json<Body>,
) -> Result<(StatusCode, Json<Counted>), StatusCode> {
    let vote = Vote {
        poll,
        option: body.option_id,
        voter: body.ballot_id,
    };
    if let Some(beside) = &parts.beside {
        let has_voted = beside.has_voted(vote).await;
        if has_voted.map_err(|error| failed(&error))? {
            return Err(StatusCode::CONFLICT);
        }
    }
    let counts = voted(&parts.flow, vote)
        .await
        .map_err(|error| status(&error))?;
    if let Some(beside) = &parts.beside {
        let counted = beside.count(vote, &counts).await;
        counted.map_err(|error| failed(&error))?;
    }
    let new_counts = counts.options.into_iter();
    let counted = Counted {
        success: true,
        ballot_id: body.ballot_id,
        new_counts: new_counts.map(|(id, count)| Count { id, count }).collect(),
        total_votes: counts.total,
        epoch: 1,
        revision: counts.total,
    };
    Ok((StatusCode::CREATED, Json(counted)))
}

async fn voted(flow: &impl Flow, vote: Vote) -> Result<Counts, Error> {
    for _ in 1..ATTEMPTS {
        match flow.vote(vote).await {
            Err(error) if is_a_deadlock(&error) => {}
            done => return done,
        }
    }
    flow.vote(vote).await
}

fn status(error: &Error) -> StatusCode {
    match error {
        Error::RowNotFound => StatusCode::NOT_FOUND,
        Error::Database(error) if error.is_unique_violation() => StatusCode::CONFLICT,
        _ => failed(error),
    }
}

fn failed(error: &dyn std::error::Error) -> StatusCode {
    eprintln!("the naive flow: {error}");
    StatusCode::INTERNAL_SERVER_ERROR
}
