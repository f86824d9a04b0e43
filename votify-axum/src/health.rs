//! Liveness and readiness.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures_util::future::join_all;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;
use votify_core::engine::{ComponentReadiness, Readiness};

use crate::readiness::ReadinessCheck;
use crate::response_memory::Uncounted;
use crate::state::AppState;

#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`.
    status: &'static str,
}

/// The readiness of the server and of its components.
#[derive(Serialize, ToSchema)]
#[schema(as = Readiness)]
pub(crate) struct ReadinessBody {
    /// True if every required component responds.
    ready: bool,
    parts: Vec<ComponentBody>,
}

/// The readiness of a component.
#[derive(Serialize, ToSchema)]
#[schema(as = ComponentReadiness)]
pub(crate) struct ComponentBody {
    /// The role: `store`, `broadcaster`, `limiter`, `cache`.
    part: &'static str,
    /// The technology: `sqlite`, `local`, `redis`.
    backend: &'static str,
    /// True if votes need the component. Without any other component votes go on, with
    /// slower or weaker service.
    needed: bool,
    /// True if the component responds.
    ready: bool,
}

/// Reports that the server is running.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, body = Health, description = "The process runs")))]
pub(crate) async fn healthz() -> Response {
    uncached(Json(Health { status: "ok" }))
}

/// Reports whether the server and its components are ready.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operations",
    responses(
        (status = 200, body = ReadinessBody, description = "Ready for requests"),
        (status = 503, body = ReadinessBody, description = "A required component is unavailable"),
    )
)]
pub(crate) async fn readyz(State(state): State<AppState>) -> Response {
    let (mut readiness, limiter, checked) = tokio::join!(
        state.engine.check_ready(),
        check_limiter(&state),
        join_all(state.config.checks.iter().map(|check| run(&**check))),
    );
    readiness.components.extend(limiter);
    readiness.components.extend(checked);
    let status = if readiness.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let components = readiness.components.iter().map(|component| ComponentBody {
        part: component.component,
        backend: component.backend,
        needed: component.required,
        ready: component.ready,
    });
    let body = ReadinessBody {
        ready: readiness.is_ready(),
        parts: components.collect(),
    };
    uncached((status, Json(body)))
}

async fn run(check: &dyn ReadinessCheck) -> ComponentReadiness {
    let ready = timeout(Readiness::TIMEOUT, check.is_ready()).await;
    ComponentReadiness {
        component: check.component(),
        backend: check.backend(),
        required: check.is_required(),
        ready: ready.unwrap_or(false),
    }
}

/// Checks the limiter. Returns `None` if no rate is limited, because the limiter is
/// unused then.
async fn check_limiter(state: &AppState) -> Option<ComponentReadiness> {
    let config = &state.config;
    let rate = config.vote_rate.or(config.session_rate);
    let rate = rate.or(config.join_rate);
    let rate = rate.or(config.creation.first_rate())?;
    let check = state.limiter.is_ready(&rate);
    Some(ComponentReadiness {
        component: "limiter",
        backend: state.limiter.backend(),
        required: false,
        ready: timeout(Readiness::TIMEOUT, check).await.unwrap_or(false),
    })
}

/// Returns a response that no cache may store. Its bytes are not counted: monitoring works
/// also if clients leave many responses unread.
fn uncached(body: impl IntoResponse) -> Response {
    let mut response = (Extension(Uncounted), body).into_response();
    let value = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, value);
    response
}
