//! One file with its entity tag, compressed once.

use std::io::Write as _;
use std::sync::OnceLock;

use axum::Extension;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::response_memory::Uncounted;
use crate::routes::etag;

/// A file that never changes while the server runs.
#[derive(Debug)]
pub(super) struct Asset {
    content_type: &'static str,
    content: Bytes,
    /// The first half of the digest of the content, in hexadecimal digits.
    digest: String,
    /// True if pages of every origin may load the file.
    is_shared: bool,
    /// Compressed at the first request that accepts it.
    gzip: OnceLock<Bytes>,
}

impl Asset {
    pub(super) fn new(content_type: &'static str, content: impl Into<Bytes>) -> Self {
        let content = content.into();
        let digest = blake3::hash(&content).to_hex();
        Self {
            content_type,
            digest: digest.as_str().chars().take(32).collect(),
            content,
            is_shared: false,
            gzip: OnceLock::new(),
        }
    }

    /// Lets pages of every origin load the file.
    pub(super) const fn shared(mut self) -> Self {
        self.is_shared = true;
        self
    }

    /// Returns the file, or 304 if the client has it.
    pub(super) fn respond(&self, headers: &HeaderMap) -> Response {
        let is_gzip = accepts_gzip(headers);
        // A strong tag names the bytes that are sent, so each coding has its own.
        let tag = if is_gzip {
            format!("\"{}-gzip\"", self.digest)
        } else {
            format!("\"{}\"", self.digest)
        };
        let tag = HeaderValue::try_from(tag).ok();
        let is_known = tag.as_ref().is_some_and(|tag| etag::matches(headers, tag));
        let body = match (is_known, is_gzip) {
            (true, _) => Bytes::new(),
            (false, true) => self.compressed(),
            (false, false) => self.content.clone(),
        };
        let mut response = (Extension(Uncounted), Body::from(body)).into_response();
        let headers = response.headers_mut();
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            let content_type = HeaderValue::from_static(self.content_type);
            headers.insert(header::CONTENT_TYPE, content_type);
            if is_gzip {
                let coding = HeaderValue::from_static("gzip");
                headers.insert(header::CONTENT_ENCODING, coding);
            }
        }
        self.set_headers(response.headers_mut(), tag);
        response
    }

    fn set_headers(&self, headers: &mut HeaderMap, tag: Option<HeaderValue>) {
        if let Some(tag) = tag {
            headers.insert(header::ETAG, tag);
        }
        for (name, value) in [
            (header::CACHE_CONTROL, "no-cache"),
            (header::VARY, "accept-encoding"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if self.is_shared {
            let any = HeaderValue::from_static("*");
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
            headers.insert(
                HeaderName::from_static("cross-origin-resource-policy"),
                HeaderValue::from_static("cross-origin"),
            );
        }
    }

    fn compressed(&self) -> Bytes {
        let compress = || {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            // Writing to memory cannot fail.
            let _ = encoder.write_all(&self.content);
            encoder.finish().unwrap_or_default().into()
        };
        self.gzip.get_or_init(compress).clone()
    }
}

/// Returns true if `Accept-Encoding` lists gzip, and not with a quality of zero.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter();
    let mut codings = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    codings.any(|coding| {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let quality = parameters.trim().strip_prefix("q=");
        let is_zero = quality.is_some_and(|text| text.parse() == Ok(0.0_f32));
        name.trim().eq_ignore_ascii_case("gzip") && !is_zero
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    fn accepting(codings: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(codings))])
    }

    #[test]
    fn the_accepted_coding_is_read() {
        for good in ["gzip", "br, gzip", "deflate;q=0.5, GZIP;q=0.2"] {
            assert!(accepts_gzip(&accepting(good)), "{good}");
        }
        for bad in ["", "br", "gzip;q=0", "gzip; q=0.000", "x-gzip-not"] {
            assert!(!accepts_gzip(&accepting(bad)), "{bad}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn compressed_content_is_the_content() {
        let text = "votify ".repeat(1_000);
        let asset = Asset::new("text/plain", text.clone());
        let compressed = asset.compressed();
        assert!(compressed.len() < text.len() / 10);
        let mut decoded = String::new();
        GzDecoder::new(&compressed[..])
            .read_to_string(&mut decoded)
            .unwrap();
        assert_eq!(decoded, text);
    }
}
