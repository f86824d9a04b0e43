use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use sqlx::SqlitePool;

use super::members::{COOKIE, log_in, log_out, member, names};

/// What the club had before.
pub(crate) fn routes(pool: SqlitePool) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/members", get(members))
        .route("/login", post(enter))
        .route("/logout", post(leave))
        .with_state(pool)
}

async fn home(State(pool): State<SqlitePool>, headers: HeaderMap) -> Result<String, Broken> {
    Ok(match member(&pool, &headers).await? {
        Some(member) => format!("Hello {}. The polls are at /votes.", member.name),
        None => "Hello. Log in with the code that you were given.".to_owned(),
    })
}

async fn members(State(pool): State<SqlitePool>, headers: HeaderMap) -> Result<Response, Broken> {
    if member(&pool, &headers).await?.is_none() {
        return Ok(StatusCode::UNAUTHORIZED.into_response());
    }
    Ok(names(&pool).await?.join("\n").into_response())
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

async fn enter(
    State(pool): State<SqlitePool>,
    Form(given): Form<Code>,
) -> Result<Response, Broken> {
    let Some(session) = log_in(&pool, &given.code).await? else {
        return Ok((StatusCode::UNAUTHORIZED, "Nobody has this code.").into_response());
    };
    let cookie = format!("{COOKIE}={session}; HttpOnly; SameSite=Lax; Path=/");
    Ok(([(header::SET_COOKIE, cookie)], "You are in.").into_response())
}

async fn leave(State(pool): State<SqlitePool>, headers: HeaderMap) -> Result<StatusCode, Broken> {
    log_out(&pool, &headers).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The database is away.
struct Broken;

impl From<sqlx::Error> for Broken {
    fn from(_: sqlx::Error) -> Self {
        Self
    }
}

impl IntoResponse for Broken {
    fn into_response(self) -> Response {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }
}
