use crate::id::{OptionId, PollId};
use crate::poll::validation::{
    check_closing_time, check_definition, normalize_category, normalize_external_ref,
};
use crate::poll::{
    AddressQuota, BallotKind, InvalidPoll, JoinCode, Metadata, Poll, PollOption, PollOwner,
    PollRules, ResultsPolicy, Visibility,
};
use crate::secret::Keyring;
use crate::text::shown_form;
use crate::time::Timestamp;
use crate::voter::{Owner, OwnerId, VoterPolicy};

/// A request to create a poll.
///
/// Texts are trimmed and converted to Unicode NFC; lengths are counted in its characters.
/// An [`external_ref`](Self::external_ref) remains unchanged. A text without a visible
/// character is invalid, and so are two options that look the same.
///
/// Defaults: one option per ballot, one vote per browser, live results, no revote, no
/// address quota, open from its creation until its owner closes it, unlisted, no join code.
///
/// ```
/// use votify_core::poll::AddressQuota;
/// use votify_core::{PollDraft, ResultsPolicy, Visibility, VoterPolicy};
///
/// let draft = PollDraft::multiple_choice("Lunch?", ["Pizza", "Sushi", "Soup"], 1, 2)
///     .description("For Friday.")
///     .category("office")
///     .voters(VoterPolicy::Account)
///     .results(ResultsPolicy::AfterVote)
///     .revote(true)
///     .address_quota(AddressQuota::new(3))
///     .visibility(Visibility::Public)
///     .external_ref("meeting-42")
///     .metadata(r#"{"room": 7}"#.parse()?)
///     .join_code(true)
///     .opens_at("2026-11-27T08:00:00Z".parse()?)
///     .closes_at("2026-11-27T11:00:00Z".parse()?);
/// assert!(draft.rules.revote);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PollDraft {
    /// The question.
    pub title: String,
    /// Further text; may be empty. Only here, tabs and line breaks are valid.
    pub description: String,
    /// The category.
    pub category: Option<String>,
    /// The texts of the options.
    pub options: Vec<String>,
    /// The rules for votes and results.
    pub rules: PollRules,
    /// The opening time. `None`: open from its creation.
    pub opens_at: Option<Timestamp>,
    /// The closing time. `None`: open until its owner closes it.
    pub closes_at: Option<Timestamp>,
    /// The owner, who may change the poll later.
    pub owner: Option<Owner>,
    /// Whether lists show the poll.
    pub visibility: Visibility,
    /// The host's own id for the poll.
    pub external_ref: Option<String>,
    /// The host's data.
    pub metadata: Option<Metadata>,
    /// True if the poll gets a [`JoinCode`].
    pub join_code: bool,
}

impl PollDraft {
    /// Drafts a poll in which each voter picks one option.
    #[must_use]
    pub fn single_choice<T: Into<String>>(
        title: impl Into<String>,
        options: impl IntoIterator<Item = T>,
    ) -> Self {
        Self {
            title: title.into(),
            options: options.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// Drafts a poll in which each voter picks `min` to `max` options.
    #[must_use]
    pub fn multiple_choice<T: Into<String>>(
        title: impl Into<String>,
        options: impl IntoIterator<Item = T>,
        min: u32,
        max: u32,
    ) -> Self {
        let mut draft = Self::single_choice(title, options);
        draft.rules.ballot = BallotKind::Multiple { min, max };
        draft
    }

    /// Sets the description. Defaults to an empty text.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Sets the category. Defaults to none.
    #[must_use]
    pub fn category(mut self, category: impl Into<String>) -> Self {
        self.category = Some(category.into());
        self
    }

    /// Sets the voter policy. Defaults to [`VoterPolicy::Browser`].
    #[must_use]
    pub const fn voters(mut self, voters: VoterPolicy) -> Self {
        self.rules.voters = voters;
        self
    }

    /// Sets when the counts become visible. Defaults to [`ResultsPolicy::Live`].
    #[must_use]
    pub const fn results(mut self, results: ResultsPolicy) -> Self {
        self.rules.results = results;
        self
    }

    /// Sets whether voters may replace or withdraw their vote. Defaults to false.
    #[must_use]
    pub const fn revote(mut self, revote: bool) -> Self {
        self.rules.revote = revote;
        self
    }

    /// Limits the active ballots from one network address. Defaults to no limit.
    #[must_use]
    pub const fn address_quota(mut self, quota: AddressQuota) -> Self {
        self.rules.address_quota = Some(quota);
        self
    }

    /// Sets the opening time. Defaults to none: the poll is open from its creation.
    #[must_use]
    pub const fn opens_at(mut self, opens_at: Timestamp) -> Self {
        self.opens_at = Some(opens_at);
        self
    }

    /// Sets the closing time. Defaults to none: the owner closes the poll.
    #[must_use]
    pub const fn closes_at(mut self, closes_at: Timestamp) -> Self {
        self.closes_at = Some(closes_at);
        self
    }

    /// Sets the owner. Defaults to none: only the program that embeds the engine may
    /// change the poll.
    #[must_use]
    pub fn owner(mut self, owner: Owner) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Sets whether lists show the poll. Defaults to [`Visibility::Unlisted`].
    #[must_use]
    pub const fn visibility(mut self, visibility: Visibility) -> Self {
        self.visibility = visibility;
        self
    }

    /// Sets the host's own id for the poll, up to 255 characters.
    /// [`PollFilter`](crate::PollFilter) finds polls by it. Defaults to none.
    #[must_use]
    pub fn external_ref(mut self, external_ref: impl Into<String>) -> Self {
        self.external_ref = Some(external_ref.into());
        self
    }

    /// Sets the host's data. Defaults to none.
    #[must_use]
    pub fn metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// Sets whether the poll gets a [`JoinCode`]. Defaults to false.
    #[must_use]
    pub const fn join_code(mut self, join_code: bool) -> Self {
        self.join_code = join_code;
        self
    }

    /// Creates the poll at `now`. The owner's id is derived from the newest secret of
    /// `keyring`.
    ///
    /// # Errors
    /// Returns [`InvalidPoll`] with every invalid field of the draft; correct them and
    /// try again.
    pub fn into_poll(
        self,
        id: PollId,
        now: Timestamp,
        keyring: &Keyring,
    ) -> Result<Poll, InvalidPoll> {
        let key = keyring.current();
        let poll = Poll {
            id,
            title: shown_form(&self.title),
            description: shown_form(&self.description),
            category: normalize_category(self.category),
            rules: self.rules,
            options: self
                .options
                .iter()
                .map(|text| PollOption {
                    id: OptionId::generate(now),
                    text: shown_form(text),
                })
                .collect(),
            created_at: now,
            opens_at: self.opens_at,
            closes_at: self.closes_at,
            edited_at: None,
            sealed_at: None,
            owner: self.owner.and_then(|owner| {
                let kind = owner.kind();
                OwnerId::derive(&owner, key, keyring).map(|id| PollOwner { id, kind })
            }),
            visibility: self.visibility,
            external_ref: normalize_external_ref(self.external_ref),
            metadata: self.metadata,
            join_code: self.join_code.then(JoinCode::random),
            key,
            version: 0,
        };
        let mut errors = check_definition(&poll);
        check_closing_time(&poll, now, &mut errors);
        errors.into_result(poll)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::{DESCRIPTION_MAX, TITLE_MAX};

    fn now() -> Timestamp {
        Timestamp::from_micros(1_000_000).unwrap()
    }

    fn poll(draft: PollDraft) -> Result<Poll, InvalidPoll> {
        draft.into_poll(PollId::generate(now()), now(), &Keyring::ephemeral())
    }

    fn invalid_fields(draft: PollDraft) -> Vec<String> {
        poll(draft)
            .unwrap_err()
            .0
            .into_iter()
            .map(|error| error.field)
            .collect()
    }

    #[test]
    fn a_title_and_two_options_make_a_poll() {
        let poll = poll(PollDraft::single_choice("  Lunch? ", [" Pizza", "Sushi"])).unwrap();
        assert_eq!(poll.title, "Lunch?");
        assert_eq!(poll.options[0].text, "Pizza");
        assert_eq!(
            (poll.opens_at, poll.closes_at, poll.version),
            (None, None, 0)
        );
    }

    #[test]
    fn all_invalid_fields_are_reported_at_once() {
        let draft = PollDraft::multiple_choice(" ", ["a", " a ", "", "x\0y"], 0, 9)
            .description("d".repeat(DESCRIPTION_MAX + 1))
            .closes_at(now())
            .address_quota(AddressQuota {
                ballots: 0,
                ipv4_prefix: 16,
            });
        assert_eq!(
            invalid_fields(draft),
            [
                "title",
                "description",
                "options[1]",
                "options[2]",
                "options[3]",
                "ballot.min",
                "ballot.max",
                "address_quota.ballots",
                "address_quota.ipv4_prefix",
                "closes_at"
            ]
        );
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(poll(PollDraft::single_choice("ß".repeat(TITLE_MAX), ["a", "b"])).is_ok());
        assert_eq!(
            invalid_fields(PollDraft::single_choice(
                "ß".repeat(TITLE_MAX + 1),
                ["a", "b"]
            )),
            ["title"]
        );
        assert_eq!(
            invalid_fields(PollDraft::single_choice(
                "t",
                (0..101).map(|n| n.to_string())
            )),
            ["options"]
        );
    }

    #[test]
    fn closing_before_opening_is_invalid() {
        let draft = PollDraft::single_choice("t", ["a", "b"])
            .opens_at(Timestamp::from_micros(5_000_000).unwrap())
            .closes_at(Timestamp::from_micros(4_000_000).unwrap());
        assert_eq!(invalid_fields(draft), ["closes_at"]);
    }
}
