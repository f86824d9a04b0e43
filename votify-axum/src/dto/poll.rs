use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;
use votify_core::engine::PollSnapshot;
use votify_core::poll::AddressQuota;
use votify_core::{
    JoinCode, Metadata, Poll, PollStatus, ResultsPolicy, TallyView, Timestamp, Visibility,
    VoterPolicy,
};

use crate::dto::presentation::Presentation;
use crate::dto::schema;
use crate::dto::totals::Totals;

/// A poll without its options and counts.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PollSummary)]
pub(crate) struct PollSummary {
    id: Uuid,
    #[schema(example = "Lunch?")]
    title: String,
    /// May be empty. In lists at most 300 characters.
    description: String,
    category: Option<String>,
    #[schema(value_type = schema::Status)]
    status: PollStatus,
    #[schema(value_type = schema::BallotKind)]
    ballot: votify_core::BallotKind,
    #[schema(value_type = schema::Voters)]
    voters: VoterPolicy,
    #[schema(value_type = schema::Results)]
    results: ResultsPolicy,
    revote: bool,
    /// The limit of active votes per address, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::AddressQuota>, required = false)]
    address_quota: Option<AddressQuota>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// `null`: open from its creation.
    #[schema(value_type = Option<String>, format = DateTime)]
    opens_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    closes_at: Option<Timestamp>,
    /// The time of the last edit of a text after the first vote.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, required = false)]
    edited_at: Option<Timestamp>,
    #[schema(value_type = schema::Visibility)]
    visibility: Visibility,
    /// The host's own id for the poll, if it has one. Only for the owner, unless the host
    /// shows it to everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = "meeting-42")]
    external_ref: Option<String>,
    /// The host's own data, if the poll has some. Only for the owner, unless the host shows
    /// it to everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, required = false)]
    metadata: Option<Value>,
    /// The poll's web page: absolute if the server knows its public URL, otherwise a path.
    /// Absent if there are no web pages, and in streams.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        required = false,
        example = "https://polls.example.org/p/0199aa3e-0000-7000-8000-000000000001"
    )]
    url: Option<String>,
    /// The short code of the poll, until 7 days after its close.
    #[schema(value_type = Option<String>, example = "K7WM3P")]
    join_code: Option<JoinCode>,
    /// True once the poll is sealed: votes and edits no longer change the result.
    #[serde(rename = "final")]
    is_final: bool,
}

impl PollSummary {
    fn new(poll: &Poll, status: PollStatus, view: &TallyView, presentation: &Presentation) -> Self {
        Self::with_description(&poll.description, poll, status, view, presentation)
    }

    /// Creates a summary with `description` in place of the poll's.
    pub(super) fn with_description(
        description: &str,
        poll: &Poll,
        status: PollStatus,
        view: &TallyView,
        presentation: &Presentation,
    ) -> Self {
        let host_fields = presentation.host_fields;
        Self {
            id: *poll.id.as_uuid(),
            title: poll.title.clone(),
            description: description.to_owned(),
            category: poll.category.clone(),
            status,
            ballot: poll.rules.ballot,
            voters: poll.rules.voters,
            results: poll.rules.results,
            revote: poll.rules.revote,
            address_quota: poll.rules.address_quota,
            created_at: poll.created_at,
            opens_at: poll.opens_at,
            closes_at: poll.closes_at,
            edited_at: poll.edited_at,
            visibility: poll.visibility,
            external_ref: poll.external_ref.clone().filter(|_| host_fields),
            metadata: poll
                .metadata
                .as_ref()
                .filter(|_| host_fields)
                .and_then(value),
            url: presentation.page_url(&poll.id),
            join_code: poll.join_code,
            is_final: view.is_final(),
        }
    }
}

/// Returns the object. Never `None`: the text of metadata is valid JSON.
fn value(metadata: &Metadata) -> Option<Value> {
    serde_json::from_str(metadata.as_str()).ok()
}

/// One option of a poll.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PollOption)]
pub(crate) struct OptionBody {
    id: Uuid,
    #[schema(example = "Pizza")]
    text: String,
    image_url: Option<String>,
    /// Absent while results are hidden from the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = 42)]
    count: Option<u64>,
}

impl OptionBody {
    pub(crate) fn all(poll: &Poll, view: &TallyView) -> Vec<Self> {
        poll.options
            .iter()
            .map(|option| Self {
                id: *option.id.as_uuid(),
                text: option.text.clone(),
                image_url: None,
                count: view.count(option.id),
            })
            .collect()
    }
}

/// A poll with its options and counts.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Poll)]
pub(crate) struct PollBody {
    #[serde(flatten)]
    summary: PollSummary,
    options: Vec<OptionBody>,
    #[serde(flatten)]
    totals: Totals,
}

impl PollBody {
    pub(crate) fn new(snapshot: &PollSnapshot, presentation: &Presentation) -> Self {
        let PollSnapshot {
            poll, status, view, ..
        } = snapshot;
        Self::with_view(poll, *status, view, presentation)
    }

    /// Creates a body for everybody, without the URL of the page.
    pub(crate) fn public(poll: &Poll, status: PollStatus, view: &TallyView) -> Self {
        Self::with_view(poll, status, view, &Presentation::default())
    }

    fn with_view(
        poll: &Poll,
        status: PollStatus,
        view: &TallyView,
        presentation: &Presentation,
    ) -> Self {
        Self {
            summary: PollSummary::new(poll, status, view, presentation),
            options: OptionBody::all(poll, view),
            totals: view.into(),
        }
    }
}

/// A poll with options and statistics in separate objects.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PollDetails)]
pub(crate) struct DetailsBody {
    poll: PollSummary,
    options: Vec<OptionBody>,
    stats: StatsBody,
}

/// Statistics of a poll.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = PollStats)]
pub(crate) struct StatsBody {
    #[serde(flatten)]
    totals: Totals,
    /// Current number of viewers. At most 5 s old.
    viewers: u32,
}

impl DetailsBody {
    pub(crate) fn new(snapshot: &PollSnapshot, presentation: &Presentation) -> Self {
        let (poll, view) = (&snapshot.poll, &snapshot.view);
        Self {
            poll: PollSummary::new(poll, snapshot.status, view, presentation),
            options: OptionBody::all(poll, view),
            stats: StatsBody {
                totals: view.into(),
                viewers: snapshot.viewers,
            },
        }
    }
}
