use axum::Router;
use axum::extract::{Form, FromRef, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use sqlx::SqlitePool;
use tower_http::csrf::CsrfLayer;
use votify_axum::Problem;
use votify_core::PollEngine;

use super::members::{COOKIE, log_in, log_out, member, names};
use super::pages::{HomePage, TripsPage, render, stylesheet};
use super::trips::{PlanError, plan, trips};

/// What the routes of the club use.
#[derive(Debug, Clone)]
pub(crate) struct Club {
    pub(crate) pool: SqlitePool,
    pub(crate) engine: PollEngine,
}

impl FromRef<Club> for SqlitePool {
    fn from_ref(club: &Club) -> Self {
        club.pool.clone()
    }
}

impl FromRef<Club> for PollEngine {
    fn from_ref(club: &Club) -> Self {
        club.engine.clone()
    }
}

/// The routes of the club.
pub(crate) fn routes(club: Club) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/members", get(members))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .route("/trips", get(list_trips).post(plan_trip))
        .route("/club.css", get(stylesheet))
        // Pages of other sites must not log a member in or out. The router of Votify has its
        // own check.
        .layer(CsrfLayer::new())
        .with_state(club)
}

async fn home(
    State(pool): State<SqlitePool>,
    headers: HeaderMap,
) -> Result<Response, DatabaseError> {
    let member = member(&pool, &headers).await?;
    let name = member.as_ref().map(|member| &*member.name);
    Ok(render(&HomePage { name }))
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

/// Shows the trips with their polls, for members.
async fn list_trips(
    State(pool): State<SqlitePool>,
    headers: HeaderMap,
) -> Result<Response, DatabaseError> {
    if member(&pool, &headers).await?.is_none() {
        return Ok(Redirect::to("/").into_response());
    }
    let trips = trips(&pool).await?;
    Ok(render(&TripsPage { trips }))
}

#[derive(Deserialize)]
struct TripForm {
    name: String,
    /// One destination per line.
    destinations: String,
}

async fn plan_trip(
    State(pool): State<SqlitePool>,
    State(engine): State<PollEngine>,
    headers: HeaderMap,
    Form(form): Form<TripForm>,
) -> Result<Response, DatabaseError> {
    let Some(member) = member(&pool, &headers).await? else {
        return Ok(StatusCode::UNAUTHORIZED.into_response());
    };
    let destinations = form.destinations.lines().map(str::to_owned).collect();
    match plan(&pool, &engine, &member, &form.name, destinations).await {
        Ok(()) => Ok(Redirect::to("/trips").into_response()),
        // Votify's problems are ready responses too.
        Err(PlanError::Poll(error)) => Ok(Problem::from(error).into_response()),
        Err(PlanError::Database) => Err(DatabaseError),
    }
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
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/trips")).into_response())
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
