//! The path of the public URL.
//!
//! Some proxies remove this path from a request before they pass it on, and some do not.
//! The server answers both.

use std::sync::Arc;

use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use votify_axum::PublicUrl;

/// The path of the public URL, without a trailing slash. Empty for most servers.
#[derive(Debug, Clone, Default)]
pub(crate) struct BasePath(Arc<str>);

impl BasePath {
    pub(crate) fn new(url: Option<&PublicUrl>) -> Self {
        Self(url.map_or("", PublicUrl::path).into())
    }

    /// Removes this path from the beginning of a request's path. Other paths stay.
    pub(super) fn remove_from(&self, uri: &mut Uri) {
        if let Some(rest) = self.rest(uri) {
            let mut parts = std::mem::take(uri).into_parts();
            parts.path_and_query = Some(rest);
            // Never fails: the other parts were valid with a path.
            *uri = Uri::from_parts(parts).unwrap_or_default();
        }
    }

    fn rest(&self, uri: &Uri) -> Option<PathAndQuery> {
        if self.0.is_empty() {
            return None;
        }
        let rest = uri.path_and_query()?.as_str().strip_prefix(&*self.0)?;
        match rest.bytes().next() {
            Some(b'/') => rest.parse().ok(),
            None | Some(b'?') => format!("/{rest}").parse().ok(),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_segments_are_removed() {
        let url = "https://example.org/a/votes/".parse().unwrap();
        let base_path = BasePath::new(Some(&url));
        for (requested, expected) in [
            ("/a/votes", "/"),
            ("/a/votes/", "/"),
            ("/a/votes?x=1", "/?x=1"),
            ("/a/votes/api/polls?q=/a/votes", "/api/polls?q=/a/votes"),
            ("/a/votes//x", "//x"),
            ("/a/votes2/api", "/a/votes2/api"),
            ("/a", "/a"),
            ("/api/polls", "/api/polls"),
            ("/", "/"),
            ("*", "*"),
            ("http://example.org/a/votes/p/7", "http://example.org/p/7"),
        ] {
            let mut uri: Uri = requested.parse().unwrap();
            base_path.remove_from(&mut uri);
            assert_eq!(uri, expected.parse::<Uri>().unwrap(), "{requested}");
        }
    }

    #[test]
    fn without_a_path_nothing_is_removed() {
        let url = "https://example.org/".parse().unwrap();
        for base_path in [BasePath::new(None), BasePath::new(Some(&url))] {
            let mut uri = Uri::from_static("/api/polls");
            base_path.remove_from(&mut uri);
            assert_eq!(uri, "/api/polls");
        }
    }
}
