//! The header `Idempotency-Key`, which carries the id of a ballot.

use axum::http::{HeaderMap, HeaderName};
use votify_core::BallotId;
use votify_core::poll::FieldError;

use crate::dto::ballot::BallotInput;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const NAME: &str = "Idempotency-Key";

/// Sets the ballot's id from `Idempotency-Key`, if the header is present. The value is a
/// UUID, bare or in quotes.
pub(crate) fn apply_idempotency_key(
    mut input: BallotInput,
    headers: &HeaderMap,
) -> Result<BallotInput, Vec<FieldError>> {
    let mut lines = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(line) = lines.next() else {
        return Ok(input);
    };
    let invalid = |error: &str| vec![FieldError::new(NAME, error)];
    if lines.next().is_some() {
        return Err(invalid("must not be repeated"));
    }
    let text = line.to_str().unwrap_or_default().trim();
    let bare = text
        .strip_prefix('"')
        .and_then(|inner| inner.strip_suffix('"'))
        .unwrap_or(text);
    let key: BallotId = bare.parse().map_err(|_| invalid("must be a UUID"))?;
    if input.id.is_some_and(|id| id != key) {
        return Err(invalid("must be equal to ballot_id"));
    }
    input.id = Some(key);
    Ok(input)
}
