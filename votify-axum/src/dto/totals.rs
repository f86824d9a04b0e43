use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use votify_core::TallyView;
use votify_core::tally::ViewPosition;

/// Counts over all options, and where the poll's history stands.
///
/// `total_votes` and `revision` are not there where results are hidden from the caller; `version` is there instead.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Totals {
    /// How many votes stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = 80)]
    pub(crate) total_votes: Option<u64>,
    /// Grows only when the history was repaired or restored.
    #[schema(example = 1)]
    epoch: u64,
    /// Grows with every vote and every change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = 80)]
    pub(crate) revision: Option<u64>,
    /// Grows with edits and closing only; there where `revision` is hidden.
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

/// How many votes an option has.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Count {
    id: Uuid,
    /// Not there where results are hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = 42)]
    count: Option<u64>,
}

impl Count {
    /// One for each option, in the poll's order.
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
