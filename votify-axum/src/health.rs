//! Whether the program lives, and whether it can do its work.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::future::join_all;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;
use votify_core::engine::{ComponentReadiness, Readiness};

use crate::limits;
use crate::readiness::ReadinessCheck;
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
    /// Whether every needed part answers.
    ready: bool,
    parts: Vec<PartBody>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ComponentReadiness)]
pub(crate) struct PartBody {
    /// What it does: `store`, `broadcaster`, `limiter`, `cache`.
    part: &'static str,
    /// What does it: `sqlite`, `local`, `redis`.
    backend: &'static str,
    /// Whether votes are taken only with it. Without any other part they go on, and something is slower or weaker.
    needed: bool,
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
    let (mut readiness, limiter, checked) = tokio::join!(
        shared.engine.check_ready(),
        check_limiter(&shared),
        join_all(shared.config.checks.iter().map(|check| run(&**check))),
    );
    readiness.components.extend(limiter);
    readiness.components.extend(checked);
    let status = if readiness.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let parts = readiness.components.iter().map(|part| PartBody {
        part: part.component,
        backend: part.backend,
        needed: part.required,
        ready: part.ready,
    });
    let body = ReadinessBody {
        ready: readiness.is_ready(),
        parts: parts.collect(),
    };
    uncached((status, Json(body)))
}

async fn run(check: &dyn ReadinessCheck) -> ComponentReadiness {
    let ready = timeout(Readiness::TIMEOUT, check.is_ready()).await;
    ComponentReadiness {
        component: check.part(),
        backend: check.backend(),
        required: check.is_needed(),
        ready: ready.unwrap_or(false),
    }
}

/// `None` where no rate is limited.
async fn check_limiter(shared: &Shared) -> Option<ComponentReadiness> {
    let answers = timeout(Readiness::TIMEOUT, limits::limiter_answers(shared)).await;
    Some(ComponentReadiness {
        component: "limiter",
        backend: shared.config.limiter.backend(),
        required: false,
        ready: answers.unwrap_or(Some(false))?,
    })
}

fn uncached(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    let value = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, value);
    response
}
