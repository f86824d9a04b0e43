use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use votify_core::PollStatus;
use votify_core::engine::PollSnapshot;
use votify_core::tally::{Method, PollResult};

use crate::dto::poll::OptionBody;
use crate::dto::schema;
use crate::dto::totals::Totals;

/// A poll's result. Counts, leaders and `total_votes` are not there where results are hidden from the caller.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PollResult)]
pub(crate) struct ResultBody {
    poll_id: Uuid,
    #[schema(value_type = schema::Status)]
    status: PollStatus,
    #[schema(value_type = MethodWord)]
    method: Method,
    precision: Precision,
    /// Whether it can never change again.
    #[serde(rename = "final")]
    is_final: bool,
    /// The options with the most votes; several if they are level, none before the first vote.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    leaders: Option<Vec<Uuid>>,
    options: Vec<OptionBody>,
    #[serde(flatten)]
    totals: Totals,
}

/// How ballots become a result.
#[derive(ToSchema)]
#[schema(as = Method, rename_all = "snake_case")]
#[expect(dead_code, reason = "described, never made")]
pub(crate) enum MethodWord {
    /// One option each; the most votes win.
    Plurality,
    /// As many options each as one approves of; the most votes win.
    Approval,
}

/// Whether the counts are those of the store at that position, or may lag behind it.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "without a queue of votes every count is exact")]
pub(crate) enum Precision {
    /// Every accepted vote up to the revision is in it.
    Exact,
    /// Some accepted votes may not be in it yet.
    Provisional,
}

impl ResultBody {
    pub(crate) fn new(snapshot: &PollSnapshot, result: &PollResult) -> Self {
        let leaders = || result.leaders().iter().map(|id| *id.as_uuid()).collect();
        Self {
            poll_id: *snapshot.poll.id.as_uuid(),
            status: snapshot.status,
            method: result.method,
            precision: Precision::Exact,
            is_final: result.view.is_final(),
            leaders: result.view.counts().map(|_| leaders()),
            options: OptionBody::all(&snapshot.poll, &result.view),
            totals: (&result.view).into(),
        }
    }
}
