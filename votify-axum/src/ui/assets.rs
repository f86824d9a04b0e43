//! The files of the pages: styles, scripts and pictures, all in the binary.

mod asset;
mod compact;
mod list;
mod shared;

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;

use self::asset::Asset;
use self::compact::{compact_script, without_comments};
use super::theme::Theme;
use crate::config::Config;
use crate::router::RouteWithSlash;
use crate::state::AppState;

/// Returns one route per file, and `/theme.css` from the theme.
pub(super) fn routes(config: &Config) -> Router<AppState> {
    let theme = config.theme.as_deref().map(Theme::stylesheet);
    let theme = Asset::new("text/css; charset=utf-8", theme.unwrap_or_default());
    let mut router = Router::new().route_with_slash("/theme.css", serve(theme));
    for (path, content_type, content) in list::PAGES {
        router = router.route_with_slash(path, serve(file(content_type, content)));
    }
    for (path, content_type, content) in shared::FILES {
        let asset = file(content_type, content).shared();
        router = router.route_with_slash(path, serve(asset));
    }
    if config.fallback {
        // Browsers ask for it beside documents without a head, such as JSON. A host has its
        // own.
        let asset = Asset::new(list::SVG, list::FAVICON);
        router = router.route_with_slash("/favicon.ico", serve(asset));
    }
    router
}

fn file(content_type: &'static str, content: &'static str) -> Asset {
    match content_type {
        list::SCRIPT => Asset::new(content_type, compact_script(content)),
        list::CSS => Asset::new(content_type, without_comments(content)),
        _ => Asset::new(content_type, content),
    }
}

fn serve(asset: Asset) -> axum::routing::MethodRouter<AppState> {
    let asset = Arc::new(asset);
    get(async move |headers: HeaderMap| asset.respond(&headers))
}

#[cfg(test)]
mod tests;
