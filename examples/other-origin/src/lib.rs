//! A front end on another origin: static files on one server, Votify's API on another.
//!
//! - [`api`] is the server of the API. It allows the origin of the front end.
//! - [`front_end`] is the server of the static files. Any web server can replace it.

use axum::Router;
use axum::http::header;
use axum::response::Html;
use axum::routing::get;
use votify_axum::{Origin, Permissions, PublicUrl, RouteGroup, VotifyRouter};
use votify_core::PollEngine;

const PAGE: &str = include_str!("../front-end/index.html");
const SCRIPT: &str = include_str!("../front-end/front-end.js");
/// The placeholder of the API's URL in the page.
const API_URL: &str = "{{api}}";

/// Builds the API at `url` for pages of `front_end`.
///
/// With an `https` URL, cookies for these pages are `SameSite=None; Secure; Partitioned`.
/// With `http`, browsers send cookies only from pages of the same site, such as another port
/// of the same host.
pub fn api(engine: PollEngine, url: PublicUrl, front_end: Origin) -> Router {
    VotifyRouter::new(engine)
        .public_url(url)
        .allowed_origins([front_end])
        .authorize(Permissions::everybody())
        .without([RouteGroup::Pages])
        .fallback(true)
        .build()
}

/// Builds the server of the static files, for the API at `url`.
pub fn front_end(url: &PublicUrl) -> Router {
    let page = PAGE.replace(API_URL, &url.to_string());
    let script = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    Router::new()
        .route("/", get(Html(page)))
        .route("/front-end.js", get((script, SCRIPT)))
}
