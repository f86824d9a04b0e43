use axum::http::{HeaderMap, HeaderName};
use votify_core::BallotId;
use votify_core::poll::FieldError;

use crate::dto::ballot::GivenBallot;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const NAME: &str = "Idempotency-Key";

/// The ballot under the id of the header `Idempotency-Key`, if there is one: a UUID, bare or in quotes.
pub(super) fn with_key(
    mut given: GivenBallot,
    headers: &HeaderMap,
) -> Result<GivenBallot, Vec<FieldError>> {
    let mut lines = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(line) = lines.next() else {
        return Ok(given);
    };
    let wrong = |problem: &str| vec![FieldError::new(NAME, problem)];
    if lines.next().is_some() {
        return Err(wrong("is given more than once"));
    }
    let text = line.to_str().unwrap_or_default().trim();
    let bare = text
        .strip_prefix('"')
        .and_then(|inner| inner.strip_suffix('"'))
        .unwrap_or(text);
    let key: BallotId = bare.parse().map_err(|_| wrong("must be a UUID"))?;
    if given.id.is_some_and(|id| id != key) {
        return Err(wrong("must be the same as ballot_id where both are given"));
    }
    given.id = Some(key);
    Ok(given)
}
