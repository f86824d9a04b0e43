//! The headers of pages.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use votify_core::{Poll, Visibility};

use super::layout::Layout;
use super::theme::Theme;
use crate::config::Config;

/// The content security policy up to the sources of images.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'self'; font-src 'self'; img-src 'self'";

/// Sets the headers of an HTML page.
pub(super) fn set(headers: &mut HeaderMap, config: &Config, layout: &Layout) {
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        // The URL may contain an invite code, which logs would store. With `no-referrer`,
        // browsers would send the forms of the pages with `Origin: null`.
        (header::REFERRER_POLICY, "strict-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Browsers ignore it on other pages, and write that to the console.
    if layout.is_secure {
        let name = HeaderName::from_static("cross-origin-opener-policy");
        headers.insert(name, HeaderValue::from_static("same-origin"));
    }
    set_policy(headers, config, may_be_framed(&layout.path));
}

/// Returns false for the pages with the buttons of owners and accounts: a page around them
/// could lead clicks to these.
fn may_be_framed(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let mut segments = path.split('/').skip(1);
    match (segments.next(), segments.nth(1)) {
        (Some("p"), Some("manage")) => false,
        (Some(first), _) => first != "account" && first != "mine",
        (None, _) => true,
    }
}

/// Asks search engines to leave out a picture of a poll, unless the poll is public.
pub(super) fn hide_unlisted(headers: &mut HeaderMap, poll: &Poll) {
    if poll.visibility != Visibility::Public {
        let name = HeaderName::from_static("x-robots-tag");
        headers.insert(name, HeaderValue::from_static("noindex"));
    }
}

/// Lets only pages of the host's list frame a page that may be framed, and loads the logo from where it is.
fn set_policy(headers: &mut HeaderMap, config: &Config, may_be_framed: bool) {
    let mut policy = POLICY.to_owned();
    if let Some(origin) = config.theme.as_deref().and_then(Theme::logo_origin) {
        policy.push(' ');
        policy.push_str(&origin.to_string());
    }
    policy.push_str("; frame-ancestors");
    let ancestors = config.frame_ancestors.iter().filter(|_| may_be_framed);
    for origin in ancestors.clone() {
        policy.push(' ');
        policy.push_str(&origin.to_string());
    }
    if ancestors.count() == 0 {
        policy.push_str(" 'none'");
        // For browsers that do not support `frame-ancestors`. The header has no list of
        // origins.
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}
