use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;
use votify_core::engine::{PollPage, PollSnapshot};
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

/// Returns the maximum size of a [`PollBody`] of this poll, in bytes, with any counts.
pub(crate) fn max_size(poll: &Poll) -> usize {
    /// Maximum size of an option besides its text.
    const OPTION: usize = 120;
    /// Maximum size of the rest.
    const FIELDS: usize = 1024 + PollPage::MAX_VARIANT;
    let options = poll.options.iter();
    let options: usize = options
        .map(|option| OPTION + escaped_size(&option.text))
        .sum();
    let [category, external_ref] =
        [&poll.category, &poll.external_ref].map(|text| text.as_deref().unwrap_or_default());
    let texts = [&poll.title, &poll.description, category, external_ref].map(escaped_size);
    let metadata = poll.metadata.as_ref().map_or(0, |data| data.as_str().len());
    FIELDS + options + texts.iter().sum::<usize>() + metadata
}

/// Returns the size of a valid text of a poll as JSON, in bytes. Its only control
/// characters are line breaks and tabs.
fn escaped_size(text: &str) -> usize {
    let escaped = |byte: &&u8| matches!(byte, b'"' | b'\\' | b'\n' | b'\r' | b'\t');
    text.len() + text.as_bytes().iter().filter(escaped).count()
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

#[cfg(test)]
mod tests {
    use votify_core::poll::{
        CATEGORY_MAX, DESCRIPTION_MAX, OPTION_TEXT_MAX, OPTIONS_MAX, TITLE_MAX,
    };
    use votify_core::{Caller, MemoryStore, PollDraft, PollEngine};

    use super::*;

    async fn assert_fits(engine: &PollEngine, draft: PollDraft) {
        let poll = engine.create_poll(draft).await.unwrap();
        let snapshot = engine.poll(poll.id, &Caller::anonymous()).await.unwrap();
        let presentation = Presentation {
            pages: None,
            host_fields: true,
        };
        let json = serde_json::to_vec(&PollBody::new(&snapshot, &presentation)).unwrap();
        // Absent or short here: times, the address quota and the digits of counts.
        let absent = 300 + 20 * poll.options.len();
        let max = max_size(&poll);
        let title = poll.title.chars().next();
        assert!(
            json.len() + absent <= max,
            "{title:?}: {}, {max}",
            json.len()
        );
        assert!(json.len() > max / 3, "{title:?}: {}, {max}", json.len());
    }

    #[tokio::test]
    async fn the_largest_poll_is_within_its_maximum_size() {
        let engine = PollEngine::new(MemoryStore::new());
        for character in ["a", "\"", "\\", "é", "漢", "👩", "𠀀"] {
            let options = (0..OPTIONS_MAX)
                .map(|number| format!("{number:02}{}", character.repeat(OPTION_TEXT_MAX - 2)));
            let mut draft = PollDraft::single_choice(character.repeat(TITLE_MAX), options);
            draft.category = Some(character.repeat(CATEGORY_MAX));
            draft.description = character.repeat(DESCRIPTION_MAX);
            assert_fits(&engine, draft.clone()).await;
            // The ends of a text are trimmed.
            draft.description = format!("x{}x", "\n\t".repeat(DESCRIPTION_MAX / 2 - 1));
            assert_fits(&engine, draft).await;
        }
        assert_fits(&engine, PollDraft::single_choice("t", ["a", "b"])).await;
    }
}
