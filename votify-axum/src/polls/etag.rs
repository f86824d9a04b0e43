use axum::http::{HeaderMap, HeaderValue, header};
use votify_core::PollStatus;
use votify_core::engine::PollSnapshot;

/// Names what a caller sees of a poll: by position and status.
///
/// Weak, because the number of viewers may differ. Positions of callers from whom counts are hidden are of another form
/// than those of other callers, so two audiences share a tag only if they see the same.
pub(super) fn etag(snapshot: &PollSnapshot) -> Option<HeaderValue> {
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
    HeaderValue::try_from(format!("W/\"{position}-{status}{finality}\"")).ok()
}

/// Whether the caller has it already, by weak comparison.
pub(super) fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let Ok(current) = etag.to_str() else {
        return false;
    };
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let current = bare(current);
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|tag| tag.trim() == "*" || bare(tag) == current)
}
