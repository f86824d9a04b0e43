//! A web page to make polls, vote and watch. All of its files are in the binary.

use axum::Router;
use axum::extract::{OriginalUri, Request, State};
use axum::http::{HeaderName, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use votify_core::SessionId;

use crate::caller::RequestCaller;
use crate::mount::root;
use crate::shared::Shared;

const PAGE: &str = include_str!("ui/index.html");
const SCRIPT: &str = include_str!("ui/votify.js");
const ACCOUNT_SCRIPT: &str = include_str!("ui/account.js");
const STYLE: &str = include_str!("ui/votify.css");
/// Stands in the page where the path goes below which the router is mounted.
const ROOT: &str = "{{root}}";
/// Stands in the page where it is told whether people can log in here.
const ACCOUNTS: &str = "{{accounts}}";
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/", get(home))
        .route("/p/{id}", get(poll))
        .route("/votify.js", get(script))
        .route("/votify-account.js", get(account_script))
        .route("/votify.css", get(style))
}

async fn home(
    State(shared): State<Shared>,
    OriginalUri(uri): OriginalUri,
    caller: RequestCaller,
) -> Response {
    page(&uri, "/", caller, &shared).await
}

/// Whether there is such a poll, the page finds out by itself.
async fn poll(
    State(shared): State<Shared>,
    OriginalUri(uri): OriginalUri,
    caller: RequestCaller,
    request: Request,
) -> Response {
    page(&uri, request.uri().path(), caller, &shared).await
}

/// The page, with a session for who has none: so that everybody behind one address can vote at the same time.
async fn page(uri: &Uri, own_path: &str, mut caller: RequestCaller, shared: &Shared) -> Response {
    let root = root(&shared.config, uri, own_path);
    let page = PAGE.replace(ACCOUNTS, if has_accounts(shared) { "yes" } else { "no" });
    let mut response = page.replace(ROOT, &escaped(root)).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // A path may hold the code of an invitation.
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if caller.session.is_none() {
        // Where the quota is used up the page works all the same, and the session begins with the first vote.
        let _ = caller.begin_session(SessionId::random(), shared).await;
    }
    caller.sign(&mut response, shared);
    response
}

fn has_accounts(shared: &Shared) -> bool {
    #[cfg(feature = "accounts")]
    return shared.desk().is_ok();
    #[cfg(not(feature = "accounts"))]
    {
        let _ = shared;
        false
    }
}

fn escaped(text: &str) -> String {
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
    (headers, content).into_response()
}
