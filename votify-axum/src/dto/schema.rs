//! The shapes of bodies that are read field by field, and the words that fields may hold: for the description of the API.
#![expect(dead_code, reason = "described, never made")]

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a poll stands.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Before `opens_at`.
    Scheduled,
    /// Votes count.
    Open,
    /// Past `closes_at`, or closed by its owner.
    Closed,
}

/// What a vote looks like.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum BallotKind {
    /// One option.
    Single,
    /// Several options.
    Multiple {
        /// The fewest, 1 unless told otherwise.
        #[schema(minimum = 1, maximum = 100)]
        min: Option<u32>,
        /// The most, all options unless told otherwise.
        #[schema(minimum = 1, maximum = 100)]
        max: Option<u32>,
    },
}

/// Who counts as one voter.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Voters {
    /// A browser, by a signed cookie.
    Browser,
    /// An address; IPv6 by its /64.
    Ip,
    /// A logged-in user.
    Account,
    /// A code that the owner made.
    Invite,
}

/// Who sees the counts, and when.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Results {
    /// Everybody, at any time.
    Live,
    /// Whoever has voted; everybody once it is closed.
    AfterVote,
    /// Everybody once it is closed.
    AfterClose,
}

/// How many votes may stand from one address, on top of what counts as one voter. A vote keeps its place at the address from
/// which it was first counted, and taking it back frees that.
#[derive(ToSchema)]
pub(crate) struct AddressQuota {
    /// The most votes.
    #[schema(minimum = 1, maximum = 10_000, example = 5)]
    ballots: u32,
    /// How many bits of an IPv4 address make one address: 32 or 24; 32 unless told otherwise. IPv6 addresses always count by
    /// their first 64 bits.
    #[schema(minimum = 24, maximum = 32, multiple_of = 8, example = 32)]
    ipv4_prefix: Option<u8>,
}

/// A poll to be made. `title` and `options` are enough.
#[derive(ToSchema)]
pub(crate) struct NewPoll {
    /// The question.
    #[schema(min_length = 1, max_length = 255, example = "Lunch?")]
    title: String,
    #[schema(max_length = 10_000)]
    description: Option<String>,
    /// A word to file it under.
    #[schema(max_length = 100)]
    category: Option<String>,
    /// What can be voted for; no two alike.
    #[schema(min_items = 2, max_items = 100, example = json!(["Pizza", "Sushi"]))]
    options: Vec<NewOption>,
    /// `{"kind": "single"}` unless told otherwise.
    ballot: Option<BallotKind>,
    /// `browser` unless told otherwise.
    voters: Option<Voters>,
    /// `live` unless told otherwise.
    results: Option<Results>,
    /// Whether a voter may vote anew or take the vote back; `false` unless told otherwise.
    revote: Option<bool>,
    /// No limit unless told otherwise.
    address_quota: Option<AddressQuota>,
    /// At once unless told otherwise.
    #[schema(format = DateTime)]
    opens_at: Option<String>,
    /// When its owner says so unless told otherwise.
    #[schema(format = DateTime)]
    closes_at: Option<String>,
}

/// An option to be made.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum NewOption {
    /// What it says.
    Text(String),
    Object {
        /// What it says.
        #[schema(min_length = 1, max_length = 255)]
        text: String,
    },
}

/// What to change; what is not there stays as it is. After the first vote only texts and `closes_at` can change.
#[derive(ToSchema)]
pub(crate) struct PollChange {
    #[schema(min_length = 1, max_length = 255)]
    title: Option<String>,
    #[schema(max_length = 10_000)]
    description: Option<String>,
    /// `null` takes it away.
    #[schema(max_length = 100)]
    category: Option<String>,
    /// The whole new list.
    #[schema(min_items = 2, max_items = 100)]
    options: Option<Vec<ChangedOption>>,
    ballot: Option<BallotKind>,
    voters: Option<Voters>,
    results: Option<Results>,
    revote: Option<bool>,
    /// `null` takes the limit away.
    address_quota: Option<AddressQuota>,
    #[schema(format = DateTime)]
    opens_at: Option<String>,
    /// `null` leaves the end to the owner.
    #[schema(format = DateTime)]
    closes_at: Option<String>,
}

/// An entry of a changed list of options.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ChangedOption {
    /// What a new option says.
    Text(String),
    Object {
        /// An option that is there already; a new one without.
        id: Option<Uuid>,
        /// What it says from now on; needed for a new one.
        #[schema(min_length = 1, max_length = 255)]
        text: Option<String>,
    },
}

/// A vote: `option_id` or `option_ids`, whichever the poll takes.
#[derive(ToSchema)]
pub(crate) struct NewBallot {
    /// The option, in a poll of kind `single`.
    option_id: Option<Uuid>,
    /// The options, in a poll of kind `multiple`.
    option_ids: Option<Vec<Uuid>>,
    /// Made by the client; sending the same vote again under the same id is harmless. The header `Idempotency-Key` does
    /// the same.
    ballot_id: Option<Uuid>,
}
