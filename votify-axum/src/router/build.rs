use std::sync::OnceLock;

use axum::Router;
use axum::routing::{MethodRouter, any};

use super::{RouteGroup, RouteWithSlash, VotifyRouter, routes};
use crate::config::Config;
use crate::error::{ErrorCode, Problem};
use crate::middleware::cors;
use crate::middleware::outer_layer::OuterLayer;
use crate::openapi;
use crate::state::{AppState, Documents};

impl VotifyRouter {
    /// Builds the router. It fits into a router with any state.
    pub fn build<S>(self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        let Self { engine, config } = self;
        let api = routes::api(&config);
        #[cfg(feature = "accounts")]
        let api = if config.accounts.is_some() {
            api.merge(routes::accounts())
        } else {
            api
        };
        let (mut router, mut document) = api.split_for_parts();
        openapi::security::describe(&mut document, &config);
        let asyncapi = openapi::asyncapi::document(&config);
        if config.serves(RouteGroup::Streams) {
            openapi::messages::add_schemas(document.components.get_or_insert_default());
        }
        let mut document = serde_json::to_value(&document).unwrap_or_default();
        openapi::examples::add(&mut document);
        let documents = Documents {
            openapi: document.to_string(),
            rendered_openapi: OnceLock::new(),
            asyncapi: asyncapi.to_string().into(),
        };
        router = router
            .route_with_slash("/api", any(not_found))
            .route("/api/{*unknown}", any(not_found));
        #[cfg(feature = "docs")]
        if config.serves(RouteGroup::Documents) {
            router = router.merge(crate::docs::routes());
        }
        let state = AppState::new(engine, config, documents);
        let config = &state.config;
        #[cfg(feature = "ui")]
        if config.serves(RouteGroup::Pages) {
            router = router.merge(crate::ui::files(config));
        }
        router = router.method_not_allowed_fallback(method_not_allowed);
        if config.fallback {
            router = router.fallback(fallback(config));
        }
        let cors = cors::layer(&config.allowed_origins);
        // Inside of the outer layer, which rejects preflights to foreign hosts too.
        let router = match cors {
            Some(cors) => router.layer(cors),
            None => router,
        };
        // No page of another origin reads a page: it has the token of its forms.
        #[cfg(feature = "ui")]
        let router = match config.serves(RouteGroup::Pages) {
            true => router.merge(crate::ui::pages(&state)),
            false => router,
        };
        router.layer(OuterLayer(state.clone())).with_state(state)
    }
}

/// Returns the handler of unknown paths: a page for browsers if there are pages.
fn fallback(config: &Config) -> MethodRouter<AppState> {
    #[cfg(feature = "ui")]
    if config.serves(RouteGroup::Pages) {
        return any(crate::ui::fallback);
    }
    let _ = config;
    any(not_found)
}

async fn not_found() -> Problem {
    ErrorCode::NotFound.into()
}

async fn method_not_allowed() -> Problem {
    ErrorCode::MethodNotAllowed.into()
}
