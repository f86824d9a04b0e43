//! A JSON body extractor that rejects with [`Problem`] responses.

mod unique_keys;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use serde_json::Value;

use self::unique_keys::UniqueKeys;
use crate::error::{ErrorCode, Problem};
use crate::extract::body::body_bytes;

/// Maximum size of a body in bytes, except for polls.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;
/// Maximum number of lists and objects around a value. The limit of serde_json.
const MAX_DEPTH: usize = 127;

/// A body of any JSON, nested at most [`MAX_DEPTH`] deep.
#[derive(Debug)]
pub(crate) struct JsonBody(pub(crate) Value);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = json_bytes(&parts.headers, body).await?;
        Ok(Self(parse_json(&bytes)?))
    }
}

/// Returns the bytes of a body whose `Content-Type` is JSON.
///
/// # Errors
/// - `unsupported_media_type`: the body is not declared as JSON.
/// - `body_too_large`: the body is larger than 64 KiB.
/// - `request_timeout`: the body took longer than 10 s.
/// - `malformed_json`: the connection ended before the body did.
pub(crate) async fn json_bytes(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    json_bytes_up_to(MAX_BODY_BYTES, headers, body, |_| Ok(())).await
}

/// Does the same as [`json_bytes`] with a limit of `max` bytes.
///
/// Calls `admit` with the number of bytes that are declared or have arrived so far, before
/// they are stored. Its error ends the reading.
pub(super) async fn json_bytes_up_to(
    max: usize,
    headers: &HeaderMap,
    body: Body,
    admit: impl FnMut(usize) -> Result<(), Problem> + Send,
) -> Result<Bytes, Problem> {
    if !is_json(headers) {
        return Err(Problem::new(ErrorCode::UnsupportedMediaType)
            .with_detail("send the header Content-Type: application/json"));
    }
    body_bytes(max, headers, body, admit).await
}

/// The reason why a text is rejected.
#[derive(Debug)]
pub(crate) enum JsonError {
    Syntax {
        line: usize,
        column: usize,
    },
    /// An escape is one half of a pair, as in texts that were cut inside an emoji.
    LoneSurrogate {
        line: usize,
        column: usize,
    },
    /// More than [`MAX_DEPTH`] lists and objects are nested.
    TooDeep {
        line: usize,
        column: usize,
    },
    /// An object has a key twice. The message names the key, line and column.
    RepeatedKey(String),
}

impl From<JsonError> for Problem {
    fn from(error: JsonError) -> Self {
        let detail = match error {
            JsonError::Syntax { line, column } => {
                format!("syntax error at line {line}, column {column}")
            }
            JsonError::LoneSurrogate { line, column } => format!(
                "lone surrogate at line {line}, column {column}: an escape such as \\ud83d needs \
                 its second half; if the text was cut, cut it between characters"
            ),
            JsonError::TooDeep { line, column } => format!(
                "nested too deep at line {line}, column {column}: at most {MAX_DEPTH} lists and \
                 objects may be nested"
            ),
            JsonError::RepeatedKey(message) => message,
        };
        Self::new(ErrorCode::MalformedJson).with_detail(detail)
    }
}

/// Parses any JSON in which no object has a key twice.
///
/// # Errors
/// - [`JsonError::Syntax`]: the text is no JSON.
/// - [`JsonError::LoneSurrogate`]: a string has one half of a surrogate pair.
/// - [`JsonError::TooDeep`]: too many lists and objects are nested.
/// - [`JsonError::RepeatedKey`]: an object has a key twice.
///
/// The handler answers 400 `malformed_json`.
pub(crate) fn parse_json(bytes: &[u8]) -> Result<Value, JsonError> {
    serde_json::from_slice::<UniqueKeys>(bytes)
        .and_then(|UniqueKeys| serde_json::from_slice(bytes))
        .map_err(|error| {
            let (line, column) = (error.line(), error.column());
            // Any JSON is accepted, so an error about data is a repeated key.
            if error.is_data() {
                JsonError::RepeatedKey(error.to_string())
            } else if is_lone_surrogate(&error) {
                JsonError::LoneSurrogate { line, column }
            } else if is_too_deep(&error) {
                JsonError::TooDeep { line, column }
            } else {
                JsonError::Syntax { line, column }
            }
        })
}

/// Returns true if an escape is one half of a surrogate pair. serde_json has no public
/// kind for it.
fn is_lone_surrogate(error: &serde_json::Error) -> bool {
    let message = error.to_string();
    ["lone leading surrogate", "unexpected end of hex escape"]
        .iter()
        .any(|start| message.starts_with(start))
}

/// Returns true if the text is nested too deep. serde_json has no public kind for it.
fn is_too_deep(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("recursion limit exceeded")
}

/// Returns true for `application/json` and `application/…+json` in UTF-8.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(Ok(value)), None) = (types.next().map(|value| value.to_str()), types.next()) else {
        return false;
    };
    if value == "application/json" {
        return true;
    }
    let mut parts = value.split(';').map(str::trim);
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
    async fn a_stalled_body_times_out() {
        let stalled = || futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let start = futures_util::stream::iter([Ok(Bytes::from_static(b"{"))]);
        for body in [
            Body::from_stream(stalled()),
            Body::from_stream(start.chain(stalled())),
        ] {
            let problem = json_bytes(&json_headers(), body).await.unwrap_err();
            assert_eq!(problem.error_code(), ErrorCode::RequestTimeout);
        }
    }

    fn json_headers() -> HeaderMap {
        let json = HeaderValue::from_static("application/json");
        HeaderMap::from_iter([(header::CONTENT_TYPE, json)])
    }

    #[tokio::test]
    async fn chunks_are_concatenated_up_to_the_limit() {
        let chunked = |sizes: &[usize]| {
            let chunks: Vec<_> = sizes
                .iter()
                .map(|n| Ok::<_, std::io::Error>("x".repeat(*n)))
                .collect();
            Body::from_stream(futures_util::stream::iter(chunks))
        };
        for good in [
            &[][..],
            &[0],
            &[3],
            &[1, 2],
            &[0, 3, 0],
            &[1, MAX_BODY_BYTES - 1],
        ] {
            let read = json_bytes(&json_headers(), chunked(good)).await.unwrap();
            assert_eq!(read.len(), good.iter().sum::<usize>(), "{good:?}");
        }
        for bad in [
            &[MAX_BODY_BYTES + 1][..],
            &[1, MAX_BODY_BYTES],
            &[MAX_BODY_BYTES, 1],
        ] {
            let problem = json_bytes(&json_headers(), chunked(bad)).await.unwrap_err();
            assert_eq!(problem.error_code(), ErrorCode::BodyTooLarge, "{bad:?}");
        }
    }

    #[test]
    fn lone_surrogates_are_named() {
        for text in [
            r#""\ud83d""#,
            r#""\ude00""#,
            r#""\ud83dx""#,
            r#""\ud83d\n""#,
            r#""\ud83d\u0041""#,
            r#""\ud83d\ud83d\ude00""#,
            r#"{"\ud83d": 1}"#,
        ] {
            let error = parse_json(text.as_bytes()).unwrap_err();
            assert!(
                matches!(error, JsonError::LoneSurrogate { line: 1, .. }),
                "{text}: {error:?}"
            );
        }
        for text in [r#""\ud8""#, r#""\ud83d"#, r#""\uzzzz""#, "\"\u{1}\""] {
            let error = parse_json(text.as_bytes()).unwrap_err();
            assert!(
                matches!(error, JsonError::Syntax { .. }),
                "{text}: {error:?}"
            );
        }
        assert_eq!(parse_json(br#""\ud83d\ude00""#).unwrap(), "😀");
    }

    #[test]
    fn texts_are_nested_up_to_the_limit() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
            assert!(parse_json(nested(MAX_DEPTH).as_bytes()).is_ok());
            let error = parse_json(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err();
            assert!(
                matches!(error, JsonError::TooDeep { line: 1, .. }),
                "{error:?}"
            );
        }
    }

    #[test]
    fn only_json_in_utf_8_is_accepted() {
        let accepts = |content_type: &str| {
            let value = HeaderValue::try_from(content_type).unwrap();
            is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, value)]))
        };
        for good in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/vnd.x+json;charset=\"utf-8\"",
        ] {
            assert!(accepts(good), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "text/json",
            "application/jsonp",
            "application/json; charset=latin1",
            "application/x-www-form-urlencoded",
        ] {
            assert!(!accepts(bad), "{bad}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
