//! Errors as pages for people.

use askama::Template;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, OriginalUri, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::headers;
use super::layout::{Head, Layout};
use super::page::{bare_layout, layout_for};
use super::page_slot::PageSlot;
use super::problem_text::{heading, sentence};
use crate::error::{ErrorCode, Problem, ProblemBody};
use crate::extract::caller::RequestCaller;
use crate::router::RouteGroup;
use crate::state::AppState;

/// Maximum size of a problem body in bytes: 100 errors of fields.
const MAX_PROBLEM: usize = 256 * 1024;

/// The page of a problem.
#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemTemplate<'a> {
    layout: &'a Layout,
    head: Head,
    status: u16,
    heading: String,
    detail: String,
    /// The id of the entry in the server's log, or empty.
    id: String,
    /// True if logging in can help.
    offers_login: bool,
}

/// The fields of a problem that its page shows.
#[derive(Debug, Deserialize)]
struct ShownProblem {
    code: String,
    status: u16,
    title: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    id: String,
}

impl From<ProblemBody> for ShownProblem {
    fn from(body: ProblemBody) -> Self {
        Self {
            code: body.code.to_owned(),
            status: body.status,
            title: body.title.to_owned(),
            detail: body.detail,
            id: body.id.map(|id| id.to_string()).unwrap_or_default(),
        }
    }
}

/// A layer around the pages: turns their problem responses into pages with the same status
/// and headers.
pub(super) async fn render(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(PageSlot::default());
    // The body went to the handler; only the head is needed for the page.
    let head = parts.clone();
    let response = next.run(Request::from_parts(parts, body)).await;
    if !is_problem(response.headers()) {
        return response;
    }
    page_of(head, response, &state).await
}

/// Answers paths that nothing else does: with a page if the client wants one.
pub(crate) async fn fallback(State(state): State<AppState>, request: Request) -> Response {
    let response = Problem::from(ErrorCode::NotFound).into_response();
    if wants_page(request.method(), request.headers(), request.uri().path()) {
        let (parts, _) = request.into_parts();
        return page_of(parts, response, &state).await;
    }
    response
}

/// Returns true if a browser shows the response to a person.
fn wants_page(method: &Method, headers: &HeaderMap, path: &str) -> bool {
    let is_api = path == "/api" || path.starts_with("/api/");
    let accepts = headers.get_all(header::ACCEPT).iter();
    let mut accepts = accepts.filter_map(|line| line.to_str().ok());
    let is_read_or_form = matches!(*method, Method::GET | Method::HEAD | Method::POST);
    !is_api && is_read_or_form && accepts.any(|line| line.contains("text/html"))
}

fn is_problem(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE);
    value.is_some_and(|value| value.as_bytes() == b"application/problem+json")
}

async fn page_of(mut parts: Parts, response: Response, state: &AppState) -> Response {
    let (mut head, body) = response.into_parts();
    let bytes = to_bytes(body, MAX_PROBLEM).await.unwrap_or_default();
    let Ok(problem) = serde_json::from_slice::<ShownProblem>(&bytes) else {
        return Response::from_parts(head, Body::from(bytes));
    };
    let (layout, caller) = match parts.extensions.get().and_then(PageSlot::take) {
        Some((layout, caller)) => (layout, Some(caller)),
        // The page has no form, so it needs no session.
        None => match RequestCaller::from_request_parts(&mut parts, state).await {
            Ok(caller) => (layout_for(&parts, &caller, state).await, Some(caller)),
            Err(_) => (bare_layout(&parts, state), None),
        },
    };
    let (status, html) = html(problem, &layout);
    head.status = status;
    head.headers.remove(header::CONTENT_LENGTH);
    headers::set(&mut head.headers, &state.config, &layout);
    let has_cookie = head.headers.contains_key(header::SET_COOKIE);
    let mut response = Response::from_parts(head, Body::from(html));
    if let Some(caller) = caller.filter(|_| !has_cookie) {
        caller.set_session_cookie(&mut response, state);
    }
    response
}

/// Renders the page of a problem. A malformed id in a path is a poll that does not exist.
fn html(problem: ShownProblem, layout: &Layout) -> (StatusCode, String) {
    let status = match problem.code.as_str() {
        "malformed_id" => StatusCode::NOT_FOUND,
        _ => StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    };
    let heading = heading(&problem.code, &problem.title);
    let template = ProblemTemplate {
        layout,
        head: Head::new(heading.clone()).private(),
        status: status.as_u16(),
        detail: match problem.code.as_str() {
            "poll_not_found" | "malformed_id" => {
                "The poll was deleted, or the link is not complete. Ask the person who sent it."
                    .to_owned()
            }
            "not_owner" => "Log in with the account that owns the poll, or open this page in the \
                            browser that created it."
                .to_owned(),
            "rate_limited" => "Wait a minute, and try again.".to_owned(),
            "not_found" => "The address may be mistyped, or the page has moved.".to_owned(),
            _ => sentence(&problem.detail),
        },
        heading,
        id: problem.id,
        offers_login: layout.has_accounts
            && !layout.is_logged_in
            && ["not_logged_in", "invalid_login", "not_owner"].contains(&problem.code.as_str()),
    };
    let html = template.render();
    (status, html.unwrap_or_else(|_| template.heading.clone()))
}

/// What is needed to refuse a request with a page, before it reaches its route.
#[derive(Debug)]
pub(crate) struct RefusedPage {
    layout: Box<Layout>,
}

impl RefusedPage {
    /// Returns `None` if the client gets the problem itself.
    pub(crate) fn of(request: &Request, state: &AppState) -> Option<Self> {
        let (method, headers) = (request.method(), request.headers());
        let serves = state.config.serves(RouteGroup::Pages);
        if !serves || !wants_page(method, headers, request.uri().path()) {
            return None;
        }
        let mut parts = Request::<()>::default().into_parts().0;
        parts.uri = request.uri().clone();
        parts.headers = headers.clone();
        if let Some(original) = request.extensions().get::<OriginalUri>() {
            parts.extensions.insert(original.clone());
        }
        let layout = Box::new(bare_layout(&parts, state));
        Some(Self { layout })
    }

    /// Returns the page in place of `problem`.
    pub(crate) fn respond(&self, problem: Problem, state: &AppState) -> Response {
        let (status, html) = html(problem.body().into(), &self.layout);
        let mut response = problem.into_response();
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers::set(headers, &state.config, &self.layout);
        headers.insert(header::VARY, HeaderValue::from_static("accept"));
        *response.body_mut() = Body::from(html);
        response
    }
}
