use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::trips::Trip;

/// No page of the club runs scripts or uses styles of other origins. Votify's element needs
/// no exception from that.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "home.html")]
pub(super) struct HomePage<'a> {
    pub(super) name: Option<&'a str>,
}

/// Shows each trip with its poll, as an element of Votify on a page of the club.
#[derive(Template)]
#[template(path = "trips.html")]
pub(super) struct TripsPage {
    pub(super) trips: Vec<Trip>,
}

pub(super) fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => {
            let policy = [(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY)];
            (policy, Html(html)).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub(super) async fn stylesheet() -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (kind, include_str!("../../templates/club.css"))
}
