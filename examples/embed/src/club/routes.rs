use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use sqlx::SqlitePool;

use super::members::{COOKIE, log_in, log_out, member, names};

/// The routes of the club.
pub(crate) fn routes(pool: SqlitePool) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/members", get(members))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .with_state(pool)
}

async fn home(State(pool): State<SqlitePool>, headers: HeaderMap) -> Result<String, DatabaseError> {
    Ok(match member(&pool, &headers).await? {
        Some(member) => format!("Hello {}. The polls are at /votes.", member.name),
        None => "Hello. Log in with your code.".to_owned(),
    })
}

async fn members(
    State(pool): State<SqlitePool>,
    headers: HeaderMap,
) -> Result<Response, DatabaseError> {
    if member(&pool, &headers).await?.is_none() {
        return Ok(StatusCode::UNAUTHORIZED.into_response());
    }
    Ok(names(&pool).await?.join("\n").into_response())
}

#[derive(Deserialize)]
struct LoginForm {
    code: String,
}

async fn login(
    State(pool): State<SqlitePool>,
    Form(form): Form<LoginForm>,
) -> Result<Response, DatabaseError> {
    let Some(session) = log_in(&pool, &form.code).await? else {
        return Ok((StatusCode::UNAUTHORIZED, "Unknown code.").into_response());
    };
    let cookie = format!("{COOKIE}={session}; HttpOnly; SameSite=Lax; Path=/");
    Ok(([(header::SET_COOKIE, cookie)], "Logged in.").into_response())
}

async fn logout(
    State(pool): State<SqlitePool>,
    headers: HeaderMap,
) -> Result<StatusCode, DatabaseError> {
    log_out(&pool, &headers).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The database is unavailable.
struct DatabaseError;

impl From<sqlx::Error> for DatabaseError {
    fn from(_: sqlx::Error) -> Self {
        Self
    }
}

impl IntoResponse for DatabaseError {
    fn into_response(self) -> Response {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }
}
