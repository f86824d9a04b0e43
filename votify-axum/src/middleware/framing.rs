//! The framing of request bodies.

use axum::http::{HeaderMap, header};

use crate::error::{ErrorCode, Problem};

/// Checks that a transfer coding, if any, is `chunked`, and once.
///
/// hyper reads every body whose last coding is `chunked` as chunked. Another server in
/// front may see another end, and take the rest for a request of its own (RFC 9112, 6.1
/// and 11.2).
///
/// # Errors
/// - `malformed_request`: there is another coding. The connection must be closed.
pub(crate) fn check_framing(headers: &HeaderMap) -> Result<(), Box<Problem>> {
    let mut lines = headers.get_all(header::TRANSFER_ENCODING).iter();
    let Some(first) = lines.next() else {
        return Ok(());
    };
    let is_chunked = first
        .as_bytes()
        .trim_ascii()
        .eq_ignore_ascii_case(b"chunked");
    if is_chunked && lines.next().is_none() {
        return Ok(());
    }
    let problem = Problem::new(ErrorCode::MalformedRequest);
    Err(Box::new(problem.with_detail(
        "the only transfer coding that this server reads is chunked, once",
    )))
}
