use votify_core::engine::{ListFormat, PollSnapshot};
use votify_core::{PollStatus, Timestamp, Visibility};

use super::query::ListQuery;
use crate::ui::layout::Layout;
use crate::ui::moment::{Moment, relative};
use crate::ui::poll_status::StatusLabel;
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
    /// When the status changes or changed, such as `Closes in 2 hours`.
    pub(super) change: Option<(String, Moment)>,
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

fn change(snapshot: &PollSnapshot, now: Timestamp) -> Option<(String, Moment)> {
    let poll = &snapshot.poll;
    let (verb, time) = match snapshot.status {
        PollStatus::Scheduled => ("Opens", poll.opens_at?),
        PollStatus::Open => match poll.closes_at {
            Some(time) => ("Closes", time),
            None => ("Opened", poll.opens_at.unwrap_or(poll.created_at)),
        },
        PollStatus::Closed => ("Closed", poll.sealed_at.or(poll.closes_at)?),
    };
    Some((format!("{verb} {}", relative(time, now)), time.into()))
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
