use votify_core::engine::{ListFormat, PollSnapshot};
use votify_core::{PollStatus, Timestamp, Visibility};

use super::query::ListQuery;
use crate::ui::layout::Layout;
use crate::ui::poll_status::{StatusChange, StatusLabel};
use crate::ui::votes_text::votes_text;

/// A poll in a list.
#[derive(Debug)]
pub(super) struct PollRow {
    /// The URL of the poll's page, below which its other pages are.
    pub(super) url: String,
    pub(super) title: String,
    /// The beginning of the description.
    pub(super) description: String,
    pub(super) status: StatusLabel,
    /// Empty while counts are hidden.
    pub(super) votes: String,
    pub(super) change: Option<StatusChange>,
    pub(super) category: String,
    /// The URL of the public list of the category.
    pub(super) category_url: String,
    pub(super) is_unlisted: bool,
}

impl PollRow {
    pub(super) fn new(snapshot: &PollSnapshot, layout: &Layout, now: Timestamp) -> Self {
        let poll = &snapshot.poll;
        let category = poll.category.clone().unwrap_or_default();
        Self {
            url: layout.url(&format!("/p/{}", poll.id)),
            title: poll.title.clone(),
            description: beginning(&poll.description),
            status: StatusLabel::of(snapshot),
            votes: snapshot
                .view
                .total_votes()
                .map_or_else(String::new, |total| votes_text(poll, total)),
            change: change(snapshot, now),
            category_url: layout.url(&ListQuery::of_category(&category).path()),
            category,
            is_unlisted: poll.visibility == Visibility::Unlisted,
        }
    }
}

/// Returns the change of the status, or when a poll opened that has no end.
fn change(snapshot: &PollSnapshot, now: Timestamp) -> Option<StatusChange> {
    let poll = &snapshot.poll;
    let opened = || StatusChange::opened(poll.opens_at.unwrap_or(poll.created_at), now);
    let is_open = snapshot.status == PollStatus::Open;
    StatusChange::of(snapshot, now).or_else(|| is_open.then(opened))
}

/// Returns the first characters of a description, on one line.
fn beginning(description: &str) -> String {
    let mut words = description.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = words.char_indices().nth(ListFormat::MAX_DESCRIPTION);
    if let Some((end, _)) = end {
        words.truncate(end);
        words.push('…');
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_cut() {
        assert_eq!(beginning("For\n  Friday "), "For Friday");
        let long = "é".repeat(ListFormat::MAX_DESCRIPTION);
        assert_eq!(beginning(&long), long);
        assert_eq!(beginning(&format!("{long}é")), format!("{long}…"));
    }
}
