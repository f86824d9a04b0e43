//! Reads request bodies up to a size and within a time.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::error::{ErrorCode, Problem};

/// Maximum time for a client to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Returns the bytes of a body of at most `max` bytes.
///
/// Calls `admit` with the number of bytes that are declared or have arrived so far, before
/// they are stored. Its error ends the reading.
///
/// # Errors
/// - `body_too_large`: the body is larger than `max`.
/// - `request_timeout`: the body took longer than 10 s.
/// - `malformed_json`: the connection ended before the body did.
pub(crate) async fn body_bytes(
    max: usize,
    headers: &HeaderMap,
    mut body: Body,
    mut admit: impl FnMut(usize) -> Result<(), Problem> + Send,
) -> Result<Bytes, Problem> {
    let content_length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let declared = content_length.unwrap_or(0).max(declared);
    if declared > max {
        return Err(body_too_large(max));
    }
    admit(declared)?;
    // Usually the whole body arrives with the head. Then no timer is needed.
    let first = match body.frame().now_or_never() {
        Some(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        Some(Some(Err(_))) => return Err(incomplete_body()),
        Some(None) => return Ok(Bytes::new()),
        None => Bytes::new(),
    };
    if first.len() > max {
        return Err(body_too_large(max));
    }
    admit(first.len())?;
    if body.is_end_stream() {
        return Ok(first);
    }
    Box::pin(read_remaining(max, first, body, admit)).await
}

async fn read_remaining(
    max: usize,
    first: Bytes,
    mut body: Body,
    mut admit: impl FnMut(usize) -> Result<(), Problem> + Send,
) -> Result<Bytes, Problem> {
    let reading = async {
        let mut bytes = BytesMut::from(first);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| incomplete_body())?;
            // Trailers are ignored.
            let Ok(data) = frame.into_data() else {
                continue;
            };
            let arrived = bytes.len() + data.len();
            if arrived > max {
                return Err(body_too_large(max));
            }
            admit(arrived)?;
            bytes.extend_from_slice(&data);
        }
        Ok(bytes.freeze())
    };
    let timed_out = |_| {
        Problem::new(ErrorCode::RequestTimeout).with_detail(format!(
            "the body must arrive within {} s",
            BODY_TIMEOUT.as_secs()
        ))
    };
    timeout(BODY_TIMEOUT, reading).await.map_err(timed_out)?
}

fn body_too_large(max: usize) -> Problem {
    Problem::new(ErrorCode::BodyTooLarge)
        .with_detail(format!("a body may have at most {max} bytes"))
}

fn incomplete_body() -> Problem {
    Problem::new(ErrorCode::MalformedJson).with_detail("the body is incomplete")
}
