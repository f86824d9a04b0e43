use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use votify_core::TallyView;
use votify_core::tally::ViewPosition;

/// Totals over all options, and the position in the poll's history.
///
/// While results are hidden from the caller, `version` replaces `total_votes` and
/// `revision`.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Totals {
    /// Number of active votes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = 80)]
    pub(crate) total_votes: Option<u64>,
    /// Increases when the tally is repaired or the store may have lost writes.
    #[schema(example = 1)]
    epoch: u64,
    /// Increases with every vote and every change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = 80)]
    pub(crate) revision: Option<u64>,
    /// Increases with edits and closing only. Present while `revision` is hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    version: Option<u64>,
}

impl From<&TallyView> for Totals {
    fn from(view: &TallyView) -> Self {
        let (revision, version) = match view.position() {
            ViewPosition::Shown(position) => (Some(position.revision), None),
            ViewPosition::Hidden { version, .. } => (None, Some(version)),
        };
        Self {
            total_votes: view.total_votes(),
            epoch: view.position().epoch(),
            revision,
            version,
        }
    }
}

/// The votes of an option.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Count {
    id: Uuid,
    /// Absent while results are hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = 42)]
    count: Option<u64>,
}

impl Count {
    /// Returns the counts of all options, in the poll's order.
    pub(crate) fn all(view: &TallyView) -> Vec<Self> {
        match view.counts() {
            Some(counts) => counts
                .iter()
                .map(|entry| Self {
                    id: *entry.option.as_uuid(),
                    count: Some(entry.count),
                })
                .collect(),
            None => view
                .options()
                .iter()
                .map(|option| Self {
                    id: *option.as_uuid(),
                    count: None,
                })
                .collect(),
        }
    }
}
