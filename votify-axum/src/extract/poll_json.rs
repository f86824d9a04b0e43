//! The body of a new or changed poll, which may be larger than other bodies.

use axum::body::HttpBody;
use axum::extract::{FromRequest, Request};
use serde_json::Value;
use tokio::sync::Semaphore;
use votify_core::poll::{CATEGORY_MAX, DESCRIPTION_MAX, OPTION_TEXT_MAX, OPTIONS_MAX, TITLE_MAX};

use crate::error::{ErrorCode, Problem, retry_later};
use crate::extract::json::{MAX_BODY_BYTES, json_bytes_up_to, parse_json};
use crate::state::AppState;

/// Maximum size of the body of a poll in bytes: 1.5 MiB.
///
/// Every poll within its limits fits, in any script and any escaping.
const MAX_POLL_BYTES: usize = 1536 * 1024;
/// Maximum number of texts' characters, as they are counted: in NFC.
const MAX_CHARACTERS: usize =
    TITLE_MAX + DESCRIPTION_MAX + CATEGORY_MAX + OPTIONS_MAX * OPTION_TEXT_MAX;
/// Maximum size in bytes of a character in NFC, as it may be sent: three characters outside
/// the basic plane (U+16D6A of Kirat Rai, decomposed), each escaped as `\uXXXX\uXXXX`.
const MAX_CHARACTER_BYTES: usize = 3 * 12;
const _: () = assert!(MAX_CHARACTERS * MAX_CHARACTER_BYTES + MAX_BODY_BYTES <= MAX_POLL_BYTES);

/// Maximum number of values in a body, as many as fit into other bodies. A parsed value
/// takes up to 100 bytes of memory, even if it takes 2 bytes of the body.
const MAX_VALUES: usize = MAX_BODY_BYTES;

/// Maximum number of larger bodies that are read at the same time: 48 MiB.
const MAX_LARGE_BODIES: usize = 32;

/// The number of bodies above 64 KiB that may be read at the same time. Without it,
/// clients that send large bodies slowly would fill the memory.
#[derive(Debug)]
pub(crate) struct LargeBodies(Semaphore);

impl LargeBodies {
    pub(crate) const fn new() -> Self {
        Self(Semaphore::const_new(MAX_LARGE_BODIES))
    }
}

/// A JSON body of up to 1.5 MiB and 65 536 values.
#[derive(Debug)]
pub(crate) struct PollJson(pub(crate) Value);

impl FromRequest<AppState> for PollJson {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let is_small = body
            .size_hint()
            .upper()
            .is_some_and(|size| size <= MAX_BODY_BYTES as u64);
        let _permit = if is_small {
            None
        } else {
            Some(state.large_bodies.0.try_acquire().map_err(|_| busy())?)
        };
        let bytes = json_bytes_up_to(MAX_POLL_BYTES, &parts.headers, body).await?;
        if value_count(&bytes) > MAX_VALUES {
            return Err(Problem::new(ErrorCode::BodyTooLarge).with_detail(format!(
                "a body may have at most {MAX_VALUES} list entries and fields"
            )));
        }
        Ok(Self(parse_json(&bytes)?))
    }
}

fn busy() -> Problem {
    retry_later(ErrorCode::Overloaded).with_detail(format!(
        "too many bodies above {MAX_BODY_BYTES} bytes or without Content-Length at the same \
         time: send it again"
    ))
}

/// Returns the number of list entries, fields, lists and objects. Counts punctuation outside
/// of strings, also if the text is no JSON.
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
