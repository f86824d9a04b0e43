//! Routes that answer the same with and without a trailing slash.
//!
//! A layer cannot do this: the routes of a host's router are matched before the layers of
//! a router that was merged into it.

use axum::Router;
use axum::routing::MethodRouter;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::state::AppState;

/// Adds a route that the OpenAPI document does not describe.
pub(crate) trait RouteWithSlash {
    /// Adds `methods` at `path`, and at `path` with a trailing slash.
    fn route_with_slash(self, path: &str, methods: MethodRouter<AppState>) -> Self;
}

impl RouteWithSlash for Router<AppState> {
    fn route_with_slash(self, path: &str, methods: MethodRouter<AppState>) -> Self {
        self.route(path, methods.clone())
            .route(&format!("{path}/"), methods)
    }
}

/// Adds a route that the OpenAPI document describes.
pub(super) trait DocumentedRoutes {
    /// Adds the methods of one path with their documentation, and the same methods at the
    /// path with a trailing slash without.
    fn documented(self, routes: UtoipaMethodRouter<AppState>) -> Self;
}

impl DocumentedRoutes for OpenApiRouter<AppState> {
    fn documented(self, routes: UtoipaMethodRouter<AppState>) -> Self {
        let (schemas, paths, methods) = routes;
        let with_slash: Vec<_> = paths.paths.keys().map(|path| format!("{path}/")).collect();
        let router = self.routes((schemas, paths, methods.clone()));
        with_slash
            .iter()
            .fold(router, |router, path| router.route(path, methods.clone()))
    }
}
