//! The QR code that leads to a poll.

use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

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

/// Encodes a text.
///
/// # Errors
/// - `internal`: the text has more than 2 331 bytes, longer than any URL of a poll.
pub(super) fn encode(text: &str) -> Result<QrCode, Problem> {
    QrCode::with_error_correction_level(text, EcLevel::M).map_err(|error| Problem::internal(&error))
}

/// Renders a text as SVG.
fn render(text: &str) -> Result<String, Problem> {
    let code = encode(text)?;
    let mut renderer = code.render::<svg::Color<'_>>();
    Ok(renderer.quiet_zone(true).module_dimensions(8, 8).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_dark_on_light_with_a_margin() {
        let url = "https://polls.example.org/p/0199aa3e-0000-7000-8000-000000000001";
        let svg = render(url).unwrap();
        let modules = QrCode::with_error_correction_level(url, EcLevel::M)
            .unwrap()
            .width();
        let size = 8 * (modules + 8);
        assert!(
            svg.contains(&format!("viewBox=\"0 0 {size} {size}\"")),
            "{svg}"
        );
        assert!(svg.contains("fill=\"#fff\"") && svg.contains("fill=\"#000\""));
        assert!(
            svg.contains("M32 32h"),
            "the first dark module is behind the margin"
        );
        assert!(svg.len() < 40_000, "{}", svg.len());
    }

    #[test]
    fn a_text_that_is_too_long_is_an_error() {
        assert!(render(&"x".repeat(3_000)).is_err());
    }
}
