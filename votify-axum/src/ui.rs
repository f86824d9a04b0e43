//! A web page to create polls, vote and watch results. All its files are in the binary.

use axum::extract::{OriginalUri, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use votify_core::SessionId;

use crate::extract::caller::RequestCaller;
use crate::middleware::origin::Origin;
use crate::response_memory::Uncounted;
use crate::router::RouteWithSlash;
use crate::state::AppState;

const PAGE: &str = include_str!("ui/index.html");
const SCRIPT: &str = include_str!("ui/votify.js");
const ACCOUNT_SCRIPT: &str = include_str!("ui/account.js");
const STYLE: &str = include_str!("ui/votify.css");
/// The placeholder for the path under which the router is mounted.
const BASE_PATH: &str = "{{base_path}}";
/// The placeholder for the path of the start page.
const HOME: &str = "{{home}}";
/// The placeholder for `yes` or `no`: whether users can log in.
const ACCOUNTS: &str = "{{accounts}}";
/// The content security policy up to the origins that may frame the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors";

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(home))
        .route_with_slash("/p/{id}", get(poll))
        .route_with_slash("/votify.js", get(script))
        .route_with_slash("/votify-account.js", get(account_script))
        .route_with_slash("/votify.css", get(style))
}

async fn home(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
    caller: RequestCaller,
) -> Response {
    page(&uri, "/", caller, &state).await
}

/// Serves the page for any id. The page itself checks whether the poll exists.
async fn poll(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
    caller: RequestCaller,
    request: Request,
) -> Response {
    page(&uri, request.uri().path(), caller, &state).await
}

/// Returns the page, with a new session for a caller without one. The vote rate then
/// applies to the session, so all users behind one address can vote at the same time.
async fn page(uri: &Uri, own_path: &str, mut caller: RequestCaller, state: &AppState) -> Response {
    let base_path = state.config.base_path(uri, own_path);
    let page = PAGE.replace(ACCOUNTS, if has_accounts(state) { "yes" } else { "no" });
    // axum passes `/votes` to a router nested there, and not `/votes/`.
    let home = if base_path.is_empty() { "/" } else { base_path };
    let mut response = page
        .replace(HOME, &escape_html(home))
        .replace(BASE_PATH, &escape_html(base_path))
        .into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        // The URL may contain an invite code.
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    set_frame_ancestors(headers, &state.config.frame_ancestors);
    caller
        .begin_session_if_missing(SessionId::random(), state)
        .await;
    caller.set_session_cookie(&mut response, state);
    response
}

/// Lets only pages of these origins frame a page.
fn set_frame_ancestors(headers: &mut HeaderMap, ancestors: &[Origin]) {
    let mut policy = POLICY.to_owned();
    for origin in ancestors {
        policy.push(' ');
        policy.push_str(&origin.to_string());
    }
    if ancestors.is_empty() {
        policy.push_str(" 'none'");
        // For browsers that do not support `frame-ancestors`. The header has no list of
        // origins.
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

fn has_accounts(state: &AppState) -> bool {
    #[cfg(feature = "accounts")]
    return state.auth().is_ok();
    #[cfg(not(feature = "accounts"))]
    {
        let _ = state;
        false
    }
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
}

async fn script() -> Response {
    asset("text/javascript; charset=utf-8", SCRIPT)
}

async fn account_script() -> Response {
    asset("text/javascript; charset=utf-8", ACCOUNT_SCRIPT)
}

async fn style() -> Response {
    asset("text/css; charset=utf-8", STYLE)
}

fn asset(content_type: &'static str, content: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (Extension(Uncounted), headers, content).into_response()
}
