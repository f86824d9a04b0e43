use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use votify_core::PollStatus;
use votify_core::engine::{self, PollSnapshot};
use votify_core::tally::{Method, PollResult};

use crate::dto::poll::OptionBody;
use crate::dto::schema;
use crate::dto::totals::Totals;

/// The result of a poll. Counts, leaders and `total_votes` are absent while results are
/// hidden from the caller.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PollResult)]
pub(crate) struct ResultBody {
    poll_id: Uuid,
    #[schema(value_type = schema::Status)]
    status: PollStatus,
    #[schema(value_type = MethodSchema)]
    method: Method,
    precision: Precision,
    /// True once the poll is sealed: votes and edits no longer change the result.
    #[serde(rename = "final")]
    is_final: bool,
    /// The options with the most votes. Several if they are tied, none before the first
    /// vote.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    leaders: Option<Vec<Uuid>>,
    options: Vec<OptionBody>,
    #[serde(flatten)]
    totals: Totals,
}

/// The counting method.
#[derive(ToSchema)]
#[schema(as = Method, rename_all = "snake_case")]
#[expect(dead_code, reason = "only for the OpenAPI document")]
pub(crate) enum MethodSchema {
    /// One option per vote. The most votes win.
    Plurality,
    /// Any number of options per vote. The most votes win.
    Approval,
}

/// The precision of the counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Precision {
    /// The counts contain every accepted vote up to the revision.
    Exact,
    /// The counts may lack recently accepted votes.
    Provisional,
}

impl From<engine::Precision> for Precision {
    fn from(precision: engine::Precision) -> Self {
        match precision {
            engine::Precision::Exact => Self::Exact,
            engine::Precision::Provisional => Self::Provisional,
        }
    }
}

impl ResultBody {
    pub(crate) fn new(snapshot: &PollSnapshot, result: &PollResult) -> Self {
        let leaders = || result.leaders().iter().map(|id| *id.as_uuid()).collect();
        Self {
            poll_id: *snapshot.poll.id.as_uuid(),
            status: snapshot.status,
            method: result.method,
            precision: snapshot.precision.into(),
            is_final: result.view.is_final(),
            leaders: result.view.counts().map(|_| leaders()),
            options: OptionBody::all(&snapshot.poll, &result.view),
            totals: (&result.view).into(),
        }
    }
}
