//! Whether the program lives, and whether it can do its work.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::shared::Shared;

#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`.
    status: &'static str,
}

/// Whether each part that the program leans on answers.
#[derive(Serialize, ToSchema)]
#[schema(as = Readiness)]
pub(crate) struct ReadinessBody {
    ready: bool,
    parts: Vec<PartBody>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PartReadiness)]
pub(crate) struct PartBody {
    /// What it does: `store`, `broadcaster`.
    part: &'static str,
    /// What does it: `sqlite`, `local`.
    backend: &'static str,
    ready: bool,
}

/// The program lives.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, body = Health)))]
pub(crate) async fn healthz() -> Response {
    uncached(Json(Health { status: "ok" }))
}

/// Whether the program can do its work.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operations",
    responses((status = 200, body = ReadinessBody), (status = 503, body = ReadinessBody))
)]
pub(crate) async fn readyz(State(shared): State<Shared>) -> Response {
    let readiness = shared.engine.check_ready().await;
    let status = if readiness.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let parts = readiness.parts.iter().map(|part| PartBody {
        part: part.part,
        backend: part.backend,
        ready: part.ready,
    });
    let body = ReadinessBody {
        ready: readiness.is_ready(),
        parts: parts.collect(),
    };
    uncached((status, Json(body)))
}

fn uncached(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    let value = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, value);
    response
}
