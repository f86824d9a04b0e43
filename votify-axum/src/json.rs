//! The JSON body of a request, refused in words of our own.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
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
        if !is_json(&parts.headers) {
            return Err(Problem::new(Code::UnsupportedMediaType)
                .with_detail("Send it with Content-Type: application/json."));
        }
        let bytes = read(&parts.headers, body).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Problem::new(Code::MalformedJson).with_detail(format!(
                "It cannot be read at line {line}, column {column}."
            ))
        })
    }
}

async fn read(headers: &HeaderMap, body: Body) -> Result<bytes::Bytes, Problem> {
    let too_large = || {
        Problem::new(Code::BodyTooLarge).with_detail(format!("At most {BODY_MAX} bytes are taken."))
    };
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > BODY_MAX) {
        return Err(too_large());
    }
    let too_slow = |_| {
        Problem::new(Code::RequestTimeout).with_detail(format!(
            "The body must come within {} s.",
            BODY_TIME.as_secs()
        ))
    };
    let bytes = timeout(BODY_TIME, to_bytes(body, BODY_MAX))
        .await
        .map_err(too_slow)?;
    bytes.map_err(|error| {
        let by_limit = std::error::Error::source(&error)
            .is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
        if by_limit {
            too_large()
        } else {
            Problem::new(Code::MalformedJson).with_detail("The body broke off.")
        }
    })
}

/// `application/json` or `application/…+json`, in UTF-8.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(Ok(told)), None) = (types.next().map(|told| told.to_str()), types.next()) else {
        return false;
    };
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

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let never = futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>();
        let problem = read(&HeaderMap::new(), Body::from_stream(never))
            .await
            .unwrap_err();
        assert_eq!(problem.code(), Code::RequestTimeout);
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
