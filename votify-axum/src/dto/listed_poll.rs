use serde::Serialize;
use utoipa::ToSchema;
use votify_core::engine::{ListFormat, PollSnapshot};

use crate::dto::poll::{OptionBody, PollSummary};
use crate::dto::presentation::Presentation;
use crate::dto::totals::Totals;

/// A poll in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ListedPoll)]
pub(crate) struct ListedPoll {
    #[serde(flatten)]
    summary: PollSummary,
    /// True if `description` is only the beginning. Otherwise absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = true)]
    description_truncated: Option<bool>,
    /// Only with `include=options`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    options: Option<Vec<OptionBody>>,
    #[serde(flatten)]
    totals: Totals,
}

impl ListedPoll {
    pub(crate) fn new(
        snapshot: &PollSnapshot,
        format: ListFormat,
        presentation: &Presentation,
    ) -> Self {
        let PollSnapshot {
            poll, status, view, ..
        } = snapshot;
        let beginning = beginning(&poll.description);
        Self {
            summary: PollSummary::with_description(beginning, poll, *status, view, presentation),
            description_truncated: (beginning.len() < poll.description.len()).then_some(true),
            options: (format == ListFormat::WithOptions).then(|| OptionBody::all(poll, view)),
            totals: view.into(),
        }
    }
}

/// Returns the first [`MAX_DESCRIPTION`](ListFormat::MAX_DESCRIPTION) characters.
fn beginning(description: &str) -> &str {
    let end = description.char_indices().nth(ListFormat::MAX_DESCRIPTION);
    end.and_then(|(end, _)| description.get(..end))
        .unwrap_or(description)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_cut_after_300_characters() {
        for (length, cut) in [(0, 0), (300, 300), (301, 300), (10_000, 300)] {
            for letter in ["a", "é", "😀"] {
                assert_eq!(beginning(&letter.repeat(length)), letter.repeat(cut));
            }
        }
    }
}
