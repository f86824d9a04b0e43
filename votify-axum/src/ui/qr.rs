//! The QR code that leads to a poll.

mod path;

use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

pub(super) use self::path::QrPath;
use super::headers::hide_unlisted;
use super::page::bare_layout;
use crate::error::Problem;
use crate::extract::path::PollPath;
use crate::extract::permitted::{Permitted, View};
use crate::routes::etag;
use crate::state::AppState;

/// Returns the code of the poll's absolute URL as SVG.
///
/// The code is dark on light in dark pages too, with the blank margin that scanners need.
pub(super) async fn show(
    State(state): State<AppState>,
    PollPath(id): PollPath,
    _: Permitted<View>,
    parts: Parts,
) -> Result<Response, Problem> {
    let poll = state.engine.definition(id).await?;
    let url = bare_layout(&parts, &state).absolute(&format!("/p/{}", poll.id));
    let digest = blake3::hash(url.as_bytes()).to_hex();
    let tag = HeaderValue::try_from(format!("\"{}\"", &digest[..32])).ok();
    let mut response = respond(&parts.headers, &url, tag)?;
    hide_unlisted(response.headers_mut(), &poll);
    Ok(response)
}

fn respond(headers: &HeaderMap, url: &str, tag: Option<HeaderValue>) -> Result<Response, Problem> {
    let is_known = tag.as_ref().is_some_and(|tag| etag::matches(headers, tag));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let content_type = [(header::CONTENT_TYPE, "image/svg+xml")];
        (content_type, render(url)?).into_response()
    };
    let headers = response.headers_mut();
    if let Some(tag) = tag {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    Ok(response)
}

/// Returns a code as SVG: dark on light, with its margin.
fn render(url: &str) -> Result<String, Problem> {
    let QrPath { size, path } = QrPath::of(url)?;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{size}v{size}H0z\"/>\
         <path d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_dark_on_light_with_a_margin() {
        let url = "https://polls.example.org/p/0199aa3e-0000-7000-8000-000000000001";
        let svg = render(url).unwrap();
        assert!(svg.contains("viewBox=\"0 0 41 41\""), "{svg}");
        assert!(svg.contains("fill=\"#fff\" d=\"M0 0h41v41H0z\""), "{svg}");
        assert!(
            svg.contains("<path d=\"M4 4h7v1h-7z"),
            "the first dark module is behind the margin: {svg}"
        );
        assert!(svg.len() < 8_000, "{}", svg.len());
    }
}
