//! The JSON body of a request, refused in words of our own.

use std::time::Duration;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::time::timeout;

use crate::problem::{Code, Problem};
use crate::shared::Shared;

/// The most bytes of a body.
pub(crate) const BODY_MAX: usize = 64 * 1024;

/// How long a body may take to come in.
const BODY_TIME: Duration = Duration::from_secs(10);

/// A body that is JSON of any shape; how deep it nests is bounded by the parser.
#[derive(Debug)]
pub(crate) struct JsonBody(pub(crate) Value);

impl FromRequest<Shared> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = json_bytes(&parts.headers, body).await?;
        value(&bytes).map(Self)
    }
}

/// The bytes of a body that says it is JSON.
pub(crate) async fn json_bytes(headers: &HeaderMap, mut body: Body) -> Result<Bytes, Problem> {
    if !is_json(headers) {
        return Err(Problem::new(Code::UnsupportedMediaType)
            .with_detail("Send it with Content-Type: application/json."));
    }
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > BODY_MAX) {
        return Err(too_large());
    }
    // Nearly always all of it came with the head, and there is nothing to wait for.
    let first = match body.frame().now_or_never() {
        Some(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        Some(Some(Err(_))) => return Err(broken_off()),
        Some(None) => return Ok(Bytes::new()),
        None => Bytes::new(),
    };
    if first.len() > BODY_MAX {
        return Err(too_large());
    }
    if body.is_end_stream() {
        return Ok(first);
    }
    Box::pin(with_the_rest(first, body)).await
}

/// Reads JSON of any shape.
pub(crate) fn value(bytes: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Problem::new(Code::MalformedJson).with_detail(format!(
            "It cannot be read at line {line}, column {column}."
        ))
    })
}

async fn with_the_rest(first: Bytes, body: Body) -> Result<Bytes, Problem> {
    let too_slow = |_| {
        Problem::new(Code::RequestTimeout).with_detail(format!(
            "The body must come within {} s.",
            BODY_TIME.as_secs()
        ))
    };
    let rest = timeout(BODY_TIME, to_bytes(body, BODY_MAX - first.len()))
        .await
        .map_err(too_slow)?;
    let rest = rest.map_err(|error| {
        let by_limit = std::error::Error::source(&error)
            .is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
        if by_limit { too_large() } else { broken_off() }
    })?;
    if first.is_empty() {
        return Ok(rest);
    }
    Ok([first, rest].concat().into())
}

fn too_large() -> Problem {
    Problem::new(Code::BodyTooLarge).with_detail(format!("At most {BODY_MAX} bytes are taken."))
}

fn broken_off() -> Problem {
    Problem::new(Code::MalformedJson).with_detail("The body broke off.")
}

/// `application/json` or `application/…+json`, in UTF-8.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(Ok(told)), None) = (types.next().map(|told| told.to_str()), types.next()) else {
        return false;
    };
    if told == "application/json" {
        return true;
    }
    let mut parts = told.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    json && parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use futures_util::StreamExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let never = || futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let beginning = futures_util::stream::iter([Ok(Bytes::from_static(b"{"))]);
        for body in [
            Body::from_stream(never()),
            Body::from_stream(beginning.chain(never())),
        ] {
            let problem = json_bytes(&json_headers(), body).await.unwrap_err();
            assert_eq!(problem.code(), Code::RequestTimeout);
        }
    }

    fn json_headers() -> HeaderMap {
        let json = HeaderValue::from_static("application/json");
        HeaderMap::from_iter([(header::CONTENT_TYPE, json)])
    }

    #[tokio::test]
    async fn a_body_in_pieces_is_one_body() {
        let pieces = |pieces: &[usize]| {
            let pieces: Vec<_> = pieces
                .iter()
                .map(|n| Ok::<_, std::io::Error>("x".repeat(*n)))
                .collect();
            Body::from_stream(futures_util::stream::iter(pieces))
        };
        for good in [&[][..], &[0], &[3], &[1, 2], &[0, 3, 0], &[1, BODY_MAX - 1]] {
            let read = json_bytes(&json_headers(), pieces(good)).await.unwrap();
            assert_eq!(read.len(), good.iter().sum::<usize>(), "{good:?}");
        }
        for bad in [&[BODY_MAX + 1][..], &[1, BODY_MAX], &[BODY_MAX, 1]] {
            let problem = json_bytes(&json_headers(), pieces(bad)).await.unwrap_err();
            assert_eq!(problem.code(), Code::BodyTooLarge, "{bad:?}");
        }
    }

    #[test]
    fn only_json_in_utf_8_is_json() {
        let judged = |told: &str| {
            let value = HeaderValue::try_from(told).unwrap();
            is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, value)]))
        };
        for good in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/vnd.x+json;charset=\"utf-8\"",
        ] {
            assert!(judged(good), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "text/json",
            "application/jsonp",
            "application/json; charset=latin1",
            "application/x-www-form-urlencoded",
        ] {
            assert!(!judged(bad), "{bad}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
