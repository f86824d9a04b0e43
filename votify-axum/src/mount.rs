//! Below which path a browser finds this router.

use axum::http::Uri;

use crate::config::Config;

/// What stands before this router's own paths, without a slash at its end: the public URL's path if it has one, else what
/// stands before `own_path` in the path that was asked for.
pub(crate) fn root<'a>(config: &'a Config, asked_for: &'a Uri, own_path: &str) -> &'a str {
    match &config.public_url {
        Some(url) if !url.path().is_empty() => url.path(),
        _ => {
            let path = asked_for.path();
            let before = path.strip_suffix(own_path).unwrap_or(path);
            before.trim_end_matches('/')
        }
    }
}
