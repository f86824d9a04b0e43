use axum::http::{HeaderMap, HeaderValue, header};
use votify_core::PollStatus;
use votify_core::engine::PollSnapshot;

/// Returns the tag of a caller's view of a poll: its position and status, and the name of
/// the variant of the response.
///
/// The tag is weak, because the number of viewers may differ. Positions with hidden
/// counts have a format of their own, so two callers with equal tags see the same.
pub(crate) fn etag(snapshot: &PollSnapshot, variant: &str) -> Option<HeaderValue> {
    let status = match snapshot.status {
        PollStatus::Scheduled => "scheduled",
        PollStatus::Open => "open",
        PollStatus::Closed => "closed",
    };
    let position = snapshot.view.position();
    let finality = if snapshot.view.is_final() {
        "-final"
    } else {
        ""
    };
    HeaderValue::try_from(format!("W/\"{position}-{status}{finality}{variant}\"")).ok()
}

/// Returns true if `If-None-Match` contains the tag, by weak comparison.
pub(crate) fn matches(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let Ok(current) = etag.to_str() else {
        return false;
    };
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let current = opaque(current);
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|tag| tag.trim() == "*" || opaque(tag) == current)
}
