use axum::Router;
use axum::http::header;
use axum::http::{HeaderName, Method};
use axum::routing::any;
use tower_http::cors::CorsLayer;

use super::{RouteGroup, VotifyRouter, routes};
use crate::error::{ErrorCode, Problem};
use crate::middleware::origin::Origin;
use crate::middleware::outer_layer::OuterLayer;
use crate::openapi;
use crate::state::AppState;

impl VotifyRouter {
    /// Builds the router. It fits into a router with any state.
    pub fn build<S>(self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        let Self { engine, config } = self;
        let mut api = routes::api(&config);
        #[cfg(feature = "accounts")]
        if config.accounts.is_some() {
            api = api.merge(routes::accounts());
        }
        let (mut router, mut document) = api.split_for_parts();
        openapi::security::describe(&mut document, &config);
        let document = serde_json::to_vec(&document).unwrap_or_default();
        router = router
            .route("/api", any(not_found))
            .route("/api/{*unknown}", any(not_found));
        #[cfg(feature = "docs")]
        if config.serves(RouteGroup::Documents) {
            router = router.merge(crate::docs::routes());
        }
        #[cfg(feature = "ui")]
        if config.serves(RouteGroup::Pages) {
            router = router.merge(crate::ui::routes());
        }
        router = router.method_not_allowed_fallback(method_not_allowed);
        if config.fallback {
            router = router.fallback(not_found);
        }
        let cors = cors(&config.allowed_origins);
        let state = AppState::new(engine, config, document.into());
        // Inside of the outer layer, which rejects preflights to foreign hosts too.
        let router = match cors {
            Some(cors) => router.layer(cors),
            None => router,
        };
        router.layer(OuterLayer(state.clone())).with_state(state)
    }
}

async fn not_found() -> Problem {
    ErrorCode::NotFound.into()
}

async fn method_not_allowed() -> Problem {
    ErrorCode::MethodNotAllowed.into()
}

fn cors(origins: &[Origin]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let layer = CorsLayer::new()
        .allow_origin(
            origins
                .iter()
                .filter_map(Origin::to_header)
                .collect::<Vec<_>>(),
        )
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([
            header::ETAG,
            header::LOCATION,
            header::RETRY_AFTER,
            HeaderName::from_static("ratelimit-limit"),
            HeaderName::from_static("ratelimit-remaining"),
            HeaderName::from_static("ratelimit-reset"),
        ]);
    Some(layer)
}
