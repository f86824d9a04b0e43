//! A form that is shown again after an error.

use askama::Template;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::page::Page;
use crate::error::Problem;

/// Returns the page of a form again, with the status of the error and the headers that say
/// when to retry.
pub(super) fn render(page: &Page, problem: Problem, template: &impl Template) -> Response {
    let mut response = page.render(problem.status(), template);
    let headers = response.headers_mut();
    for (name, value) in problem.into_response().headers() {
        if !headers.contains_key(name) && name != header::CONTENT_LENGTH {
            headers.insert(name, value.clone());
        }
    }
    response
}
