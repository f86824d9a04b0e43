//! The address of the server for browsers.

use std::fmt;
use std::str::FromStr;

use axum::http::Uri;

use super::origin::Origin;

/// The URL under which browsers reach the server, with an optional path prefix.
///
/// The segments of the path consist of letters, digits, `-`, `.`, `_` and `~`. Browsers,
/// proxies and cookies treat such a path alike.
///
/// ```
/// use votify_axum::PublicUrl;
///
/// let url: PublicUrl = "https://example.org/polls/".parse()?;
/// assert_eq!(url.path(), "/polls");
/// assert!(url.origin().is_secure());
/// assert!("https://example.org/a/../b".parse::<PublicUrl>().is_err());
/// # Ok::<(), votify_axum::InvalidPublicUrl>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    origin: Origin,
    path: String,
}

/// The text is not a URL such as `https://example.org` or `https://example.org/votes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a URL such as https://example.org or https://example.org/votes, whose path has only \
     letters, digits, '-', '.', '_', '~' and single slashes"
)]
pub struct InvalidPublicUrl;

impl PublicUrl {
    /// Returns scheme, host and port.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns the path without a trailing slash. Empty for most servers.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl FromStr for PublicUrl {
    type Err = InvalidPublicUrl;

    fn from_str(text: &str) -> Result<Self, InvalidPublicUrl> {
        let uri: Uri = text.parse().map_err(|_| InvalidPublicUrl)?;
        let (Some(scheme), Some(authority), None) =
            (uri.scheme_str(), uri.authority(), uri.query())
        else {
            return Err(InvalidPublicUrl);
        };
        let origin = format!("{scheme}://{authority}").parse();
        let path = uri.path().strip_suffix('/').unwrap_or(uri.path());
        // `Uri` drops a fragment.
        if text.contains('#') || !path.split('/').skip(1).all(is_plain_segment) {
            return Err(InvalidPublicUrl);
        }
        Ok(Self {
            origin: origin.map_err(|_| InvalidPublicUrl)?,
            path: path.to_owned(),
        })
    }
}

/// Returns true for a segment that every URL parser keeps as it is.
fn is_plain_segment(segment: &str) -> bool {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    !matches!(segment, "" | "." | "..") && segment.bytes().all(is_unreserved)
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_that_all_parsers_keep_are_accepted() {
        for (text, path) in [
            ("https://example.org", ""),
            ("https://example.org/", ""),
            ("http://example.org:8080/a/B-1._~/", "/a/B-1._~"),
        ] {
            let url: PublicUrl = text.parse().unwrap();
            assert_eq!(url.path(), path, "{text}");
        }
        for path in [
            "//x", "/x//y", "/x//", "/../x", "/x/..", "/./x", "/x;y", "/x\"y", "/{id}", "/a'b",
            "/x%2Fy", "/x#y", "/x?y", "/é",
        ] {
            let text = format!("https://example.org{path}");
            assert_eq!(text.parse::<PublicUrl>(), Err(InvalidPublicUrl), "{path}");
        }
        for text in [
            "example.org",
            "ftp://example.org",
            "https://a@example.org",
            "",
        ] {
            assert_eq!(text.parse::<PublicUrl>(), Err(InvalidPublicUrl), "{text}");
        }
    }
}
