//! The body of a new or changed poll, which may be larger than other bodies.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use serde_json::Value;
use votify_core::poll::{CATEGORY_MAX, DESCRIPTION_MAX, OPTION_TEXT_MAX, OPTIONS_MAX, TITLE_MAX};

use crate::error::{ErrorCode, Problem};
use crate::extract::caller::address_block;
use crate::extract::json::{MAX_BODY_BYTES, json_bytes_up_to, parse_json};
use crate::state::AppState;

/// Maximum size of the body of a poll in bytes: 1.5 MiB.
///
/// Every poll within its limits fits, in any script and any escaping.
const MAX_POLL_BYTES: usize = 1536 * 1024;
/// Maximum number of characters in all texts of a poll, counted in NFC.
const MAX_CHARACTERS: usize =
    TITLE_MAX + DESCRIPTION_MAX + CATEGORY_MAX + OPTIONS_MAX * OPTION_TEXT_MAX;
/// Maximum size in bytes of a character in NFC, as it may be sent: three characters
/// outside the basic plane (U+16D6A of Kirat Rai, decomposed), each escaped as
/// `\uXXXX\uXXXX`.
const MAX_CHARACTER_BYTES: usize = 3 * 12;
const _: () = assert!(MAX_CHARACTERS * MAX_CHARACTER_BYTES + MAX_BODY_BYTES <= MAX_POLL_BYTES);

/// Maximum number of values in a body, as many as fit into other bodies. A parsed value
/// takes up to 100 bytes of memory, even if it takes 2 bytes of the body.
const MAX_VALUES: usize = MAX_BODY_BYTES;

/// A JSON body of up to 1.5 MiB and 65 536 values, which is not read yet: the handler
/// first checks whether the caller may send it.
#[derive(Debug)]
pub(crate) struct PollJson {
    headers: HeaderMap,
    address: Option<IpAddr>,
    body: Body,
}

impl FromRequest<AppState> for PollJson {
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Infallible> {
        let (parts, body) = request.into_parts();
        Ok(Self {
            address: address_block(&parts.extensions, &parts.headers, &state.config),
            headers: parts.headers,
            body,
        })
    }
}

impl PollJson {
    /// Reads the body.
    ///
    /// # Errors
    /// - `unsupported_media_type`: the body is not declared as JSON.
    /// - `body_too_large`: the body is larger than 1.5 MiB, or has too many values.
    /// - `rate_limited`: the address sends too many large bodies; retry after
    ///   `retry_after`.
    /// - `overloaded`: all clients send too many large bodies; retry after `retry_after`.
    /// - `request_timeout`: the body took longer than 10 s.
    /// - `malformed_json`: the connection ended before the body did, or it is no JSON.
    pub(crate) async fn read(self, state: &AppState) -> Result<Value, Problem> {
        let mut permit = None;
        let admit = |size: usize| {
            if size > MAX_BODY_BYTES && permit.is_none() {
                permit = Some(state.large_bodies.acquire(self.address)?);
            }
            Ok(())
        };
        let bytes = json_bytes_up_to(MAX_POLL_BYTES, &self.headers, self.body, admit).await?;
        if value_count(&bytes) > MAX_VALUES {
            return Err(Problem::new(ErrorCode::BodyTooLarge).with_detail(format!(
                "a body may have at most {MAX_VALUES} list entries and fields"
            )));
        }
        Ok(parse_json(&bytes)?)
    }
}

/// Returns the number of list entries and fields, and of empty lists and objects. Counts
/// punctuation outside of strings, so the text need not be valid JSON.
fn value_count(json: &[u8]) -> usize {
    let (mut count, mut in_string, mut escaped) = (0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b',' | b'[' | b'{' if !in_string => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_strings() {
        for (json, count) in [
            ("7", 0),
            ("[]", 1),
            ("[1,2,3]", 3),
            (r#"{"a": [{}, 1], "b": 2}"#, 5),
            (r#"["a,[{", "\",{", "\\", 1]"#, 4),
            (r#"["\u005b\u0022,", 1]"#, 2),
        ] {
            assert_eq!(value_count(json.as_bytes()), count, "{json}");
        }
    }
}
