//! Schemas of bodies that [`fields`](crate::dto::fields) reads, and of keywords, for the
//! OpenAPI document.
#![expect(dead_code, reason = "only for the OpenAPI document")]

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The status of a poll.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Before `opens_at`.
    Scheduled,
    /// Accepts votes.
    Open,
    /// After `closes_at`, or closed by its owner.
    Closed,
}

/// The form of a vote.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum BallotKind {
    /// One option.
    Single,
    /// Several options.
    Multiple {
        /// Minimum number of options. Defaults to 1.
        #[schema(minimum = 1, maximum = 100)]
        min: Option<u32>,
        /// Maximum number of options. Defaults to the number of options of the poll.
        #[schema(minimum = 1, maximum = 100)]
        max: Option<u32>,
    },
}

/// The identity by which voters are distinguished.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Voters {
    /// One vote per browser, by a signed cookie.
    Browser,
    /// One vote per IP address; for IPv6, per /64.
    Ip,
    /// One vote per user account.
    Account,
    /// One vote per invite code.
    Invite,
}

/// The audience that sees the counts.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Results {
    /// Everybody, at any time.
    Live,
    /// Voters after their vote; everybody after closing.
    AfterVote,
    /// Everybody after closing.
    AfterClose,
}

/// Whether lists and searches contain a poll. Everybody who has its id can read it.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Visibility {
    /// In all lists.
    Public,
    /// Only in lists of its owner and of the host.
    Unlisted,
}

/// A limit of active votes per address, in addition to `voters`. A vote counts toward the
/// address from which it was first cast, until it is withdrawn.
#[derive(ToSchema)]
pub(crate) struct AddressQuota {
    /// Maximum number of votes.
    #[schema(minimum = 1, maximum = 10_000, example = 5)]
    ballots: u32,
    /// Number of leading bits of an IPv4 address that are compared: 32 or 24. Defaults to
    /// 32. Of IPv6 addresses, 64 bits are compared.
    #[schema(minimum = 24, maximum = 32, multiple_of = 8, example = 32)]
    ipv4_prefix: Option<u8>,
}

/// A new poll. Only `title` and `options` are required.
///
/// Texts are trimmed and stored in Unicode NFC. Lengths are in characters of NFC. A text
/// needs a visible character, and has no control characters and no directional overrides
/// (U+202D, U+202E).
#[derive(ToSchema)]
pub(crate) struct NewPoll {
    /// The question, in one line.
    #[schema(min_length = 1, max_length = 255, example = "Lunch?")]
    title: String,
    /// Further text. May have several lines.
    #[schema(max_length = 10_000)]
    description: Option<String>,
    /// A category, in one line.
    #[schema(max_length = 100)]
    category: Option<String>,
    /// The options, in one line each. No two look the same: composition, width, spaces and
    /// invisible characters make no difference. Case does.
    #[schema(min_items = 2, max_items = 100, example = json!(["Pizza", "Sushi"]))]
    options: Vec<NewOption>,
    /// Defaults to `{"kind": "single"}`.
    #[schema(nullable = false)]
    ballot: Option<BallotKind>,
    /// Defaults to `browser`.
    #[schema(nullable = false)]
    voters: Option<Voters>,
    /// Defaults to `live`.
    #[schema(nullable = false)]
    results: Option<Results>,
    /// True if a voter may change or withdraw the vote. Defaults to `false`.
    #[schema(nullable = false)]
    revote: Option<bool>,
    /// Defaults to no limit.
    address_quota: Option<AddressQuota>,
    /// Defaults to none: the poll is open from its creation.
    #[schema(format = DateTime)]
    opens_at: Option<String>,
    /// Defaults to none: the owner closes the poll.
    #[schema(format = DateTime)]
    closes_at: Option<String>,
    /// Defaults to `unlisted` if `voters` is `account` or `invite`, otherwise to the default
    /// of the server.
    #[schema(nullable = false)]
    visibility: Option<Visibility>,
    /// An id of the host's own, for lists. No control characters.
    #[schema(max_length = 255, example = "meeting-42")]
    external_ref: Option<String>,
    /// Data of the host's own, at most 4 096 bytes of JSON without blanks.
    metadata: Option<serde_json::Map<String, serde_json::Value>>,
}

/// A new option.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum NewOption {
    /// The text.
    Text(String),
    Object {
        /// The text.
        #[schema(min_length = 1, max_length = 255)]
        text: String,
    },
}

/// A change of a poll. Absent fields do not change. After the first vote, only texts,
/// `closes_at`, `visibility`, `external_ref` and `metadata` can change. Texts follow the same rules as in a new poll.
#[derive(ToSchema)]
pub(crate) struct PollChange {
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    title: Option<String>,
    #[schema(max_length = 10_000)]
    description: Option<String>,
    /// `null` removes the category.
    #[schema(max_length = 100)]
    category: Option<String>,
    /// The complete new list.
    #[schema(min_items = 2, max_items = 100, nullable = false)]
    options: Option<Vec<ChangedOption>>,
    #[schema(nullable = false)]
    ballot: Option<BallotKind>,
    #[schema(nullable = false)]
    voters: Option<Voters>,
    #[schema(nullable = false)]
    results: Option<Results>,
    #[schema(nullable = false)]
    revote: Option<bool>,
    /// `null` removes the limit.
    address_quota: Option<AddressQuota>,
    /// `null` removes the time: the poll is open from its creation.
    #[schema(format = DateTime)]
    opens_at: Option<String>,
    /// `null` removes the time: the owner closes the poll.
    #[schema(format = DateTime)]
    closes_at: Option<String>,
    /// A poll whose `voters` become `account` or `invite` becomes `unlisted`, unless this
    /// says otherwise.
    #[schema(nullable = false)]
    visibility: Option<Visibility>,
    /// `null` removes the id.
    #[schema(max_length = 255)]
    external_ref: Option<String>,
    /// `null` removes the data.
    metadata: Option<serde_json::Map<String, serde_json::Value>>,
}

/// An entry of a changed list of options.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ChangedOption {
    /// The text of a new option.
    Text(String),
    Object {
        /// The id of an existing option. Absent for a new one.
        id: Option<Uuid>,
        /// The new text. Required for a new option.
        #[schema(min_length = 1, max_length = 255)]
        text: Option<String>,
    },
}

/// A vote: `option_id` or `option_ids`, by the kind of the poll.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewBallot {
    /// The option, in a poll of kind `single`.
    option_id: Option<Uuid>,
    /// The options, in a poll of kind `multiple`.
    option_ids: Option<Vec<Uuid>>,
    /// A random UUID of the client. A retry of the vote with the same id has no further
    /// effect. The header `Idempotency-Key` has the same meaning.
    ballot_id: Option<Uuid>,
}

/// Casts a vote. Answered with `vote_confirmed` or `vote_rejected`,
/// with a queue first with `vote_queued`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Vote {
    /// Any text of the client. The reply contains it too.
    #[schema(max_length = 100, nullable = false, example = "7")]
    request_id: Option<String>,
    #[serde(flatten)]
    ballot: NewBallot,
}

/// Requests the current state. Answered with `poll_updated` or `error`.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {}
