mod apply;

use std::time::Duration;

use crate::id::OptionId;
use crate::poll::{AddressQuota, BallotKind, InvalidPoll, Metadata, ResultsPolicy, Visibility};
use crate::time::Timestamp;
use crate::voter::VoterPolicy;

/// Changes to a poll by its owner. `None` leaves a field as it is.
///
/// Every field may change before the first ballot. Afterwards only texts, `closes_at`,
/// `visibility`, `external_ref` and `metadata` may. A closed poll never changes.
///
/// ```
/// use votify_core::PollChange;
///
/// let change = PollChange::default()
///     .title("Lunch on Friday?")
///     .category(None)
///     .closes_at(Some("2026-11-27T11:00:00Z".parse()?));
/// assert_eq!(change.category, Some(None)); // removes the category
/// assert_eq!(change.description, None); // leaves the description as it is
/// # Ok::<(), votify_core::time::TimestampError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PollChange {
    /// The new question.
    pub title: Option<String>,
    /// The new description. An empty text removes it.
    pub description: Option<String>,
    /// The new category. `Some(None)` removes it.
    pub category: Option<Option<String>>,
    /// The whole new list of options.
    pub options: Option<Vec<OptionChange>>,
    /// The new kind of ballot.
    pub ballot: Option<BallotKind>,
    /// The new voter policy.
    pub voters: Option<VoterPolicy>,
    /// The new results policy.
    pub results: Option<ResultsPolicy>,
    /// True if voters may replace or withdraw their vote.
    pub revote: Option<bool>,
    /// The new address quota. `Some(None)` removes it.
    pub address_quota: Option<Option<AddressQuota>>,
    /// The new opening time. `Some(None)` removes it: the poll is open from its creation.
    pub opens_at: Option<Option<Timestamp>>,
    /// The new closing time. `Some(None)` removes it: the owner closes the poll.
    pub closes_at: Option<Option<Timestamp>>,
    /// The new visibility.
    pub visibility: Option<Visibility>,
    /// The host's new id for the poll. `Some(None)` removes it.
    pub external_ref: Option<Option<String>>,
    /// The host's new data. `Some(None)` removes it.
    pub metadata: Option<Option<Metadata>>,
    /// How long before its opening time a poll is frozen as by its first ballot. `None`:
    /// only a ballot freezes it. An engine with a queue sets it, because the queue may hold
    /// acknowledged ballots that the store does not know yet.
    pub frozen_before_opening: Option<Duration>,
}

/// One entry of a changed list of options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionChange {
    /// Keeps an existing option, with a new text if one is given.
    Keep {
        /// The option's id.
        id: OptionId,
        /// The new text. `None` leaves the text as it is.
        text: Option<String>,
    },
    /// Adds an option.
    Add {
        /// The option's id, newly generated.
        id: OptionId,
        /// The option's text.
        text: String,
    },
}

/// The reason why a change was refused. A refused change has no effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeRefusal {
    /// The poll is closed.
    #[error("the poll is closed")]
    Closed,
    /// The poll has ballots, and this field is frozen since the first one.
    #[error("{field} cannot change after the first ballot")]
    HasVotes {
        /// The first such field.
        field: &'static str,
    },
    /// The poll has opened, and this field is frozen since then: a queue may hold ballots
    /// that are not counted yet.
    #[error("{field} cannot change once the poll has opened")]
    HasOpened {
        /// The first such field.
        field: &'static str,
    },
    /// The changed poll would be invalid.
    #[error(transparent)]
    Invalid(#[from] InvalidPoll),
}

impl PollChange {
    /// Changes the question.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Changes the description. An empty text removes it.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Changes the category. `None` removes it.
    #[must_use]
    pub fn category(mut self, category: Option<String>) -> Self {
        self.category = Some(category);
        self
    }

    /// Replaces the whole list of options.
    #[must_use]
    pub fn options(mut self, options: impl IntoIterator<Item = OptionChange>) -> Self {
        self.options = Some(options.into_iter().collect());
        self
    }

    /// Changes the kind of ballot.
    #[must_use]
    pub const fn ballot(mut self, ballot: BallotKind) -> Self {
        self.ballot = Some(ballot);
        self
    }

    /// Changes the voter policy.
    #[must_use]
    pub const fn voters(mut self, voters: VoterPolicy) -> Self {
        self.voters = Some(voters);
        self
    }

    /// Changes the audience of the counts.
    #[must_use]
    pub const fn results(mut self, results: ResultsPolicy) -> Self {
        self.results = Some(results);
        self
    }

    /// Changes whether voters may replace or withdraw their vote.
    #[must_use]
    pub const fn revote(mut self, revote: bool) -> Self {
        self.revote = Some(revote);
        self
    }

    /// Changes the address quota. `None` removes it.
    #[must_use]
    pub const fn address_quota(mut self, quota: Option<AddressQuota>) -> Self {
        self.address_quota = Some(quota);
        self
    }

    /// Changes the opening time. `None` removes it: the poll is open from its creation.
    #[must_use]
    pub const fn opens_at(mut self, opens_at: Option<Timestamp>) -> Self {
        self.opens_at = Some(opens_at);
        self
    }

    /// Changes the closing time. `None` removes it: the owner closes the poll.
    #[must_use]
    pub const fn closes_at(mut self, closes_at: Option<Timestamp>) -> Self {
        self.closes_at = Some(closes_at);
        self
    }

    /// Changes whether lists show the poll.
    #[must_use]
    pub const fn visibility(mut self, visibility: Visibility) -> Self {
        self.visibility = Some(visibility);
        self
    }

    /// Changes the host's own id for the poll. `None` removes it.
    #[must_use]
    pub fn external_ref(mut self, external_ref: Option<String>) -> Self {
        self.external_ref = Some(external_ref);
        self
    }

    /// Changes the host's data. `None` removes it.
    #[must_use]
    pub fn metadata(mut self, metadata: Option<Metadata>) -> Self {
        self.metadata = Some(metadata);
        self
    }
}
