use crate::id::{OptionId, PollId};
use crate::poll::limits::{
    CATEGORY_MAX, DESCRIPTION_MAX, OPTION_TEXT_MAX, OPTIONS_MAX, OPTIONS_MIN, TITLE_MAX,
};
use crate::poll::{BallotKind, InvalidPoll, Poll, PollOption, PollRules};
use crate::secret::Keyring;
use crate::time::Timestamp;
use crate::voter::{Owner, OwnerId};

/// What somebody asks for when they make a poll.
///
/// ```
/// use votify_core::{PollDraft, ResultsPolicy};
///
/// let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
/// draft.rules.results = ResultsPolicy::AfterVote;
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PollDraft {
    /// The question.
    pub title: String,
    /// More about it; may be empty.
    pub description: String,
    /// A word to file it under.
    pub category: Option<String>,
    /// The options' texts.
    pub options: Vec<String>,
    /// How votes are cast and shown.
    pub rules: PollRules,
    /// When it opens; at once if `None`.
    pub opens_at: Option<Timestamp>,
    /// When it closes; when its owner says so if `None`.
    pub closes_at: Option<Timestamp>,
    /// Who may change it later.
    pub owner: Option<Owner>,
}

impl PollDraft {
    /// A poll in which everybody picks one option.
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

    /// A poll in which everybody picks `min` to `max` options.
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

    /// The same draft, owned by `owner`.
    #[must_use]
    pub fn owned_by(mut self, owner: Owner) -> Self {
        self.owner = Some(owner);
        self
    }

    /// The poll that this draft asks for, made at `now` with the ring's newest secret.
    ///
    /// # Errors
    /// All the problems of the draft at once.
    pub fn into_poll(
        self,
        id: PollId,
        now: Timestamp,
        keyring: &Keyring,
    ) -> Result<Poll, InvalidPoll> {
        let key = keyring.current();
        let poll = Poll {
            id,
            title: self.title.trim().to_owned(),
            description: self.description.trim().to_owned(),
            category: normalize_category(self.category),
            rules: self.rules,
            options: self
                .options
                .iter()
                .map(|text| PollOption {
                    id: OptionId::generate(now),
                    text: text.trim().to_owned(),
                })
                .collect(),
            created_at: now,
            opens_at: self.opens_at.unwrap_or(now),
            closes_at: self.closes_at,
            edited_at: None,
            sealed_at: None,
            owner: self
                .owner
                .and_then(|owner| OwnerId::derive(&owner, id, key, keyring)),
            key,
            version: 0,
        };
        let mut problems = check_definition(&poll);
        check_closing_time(&poll, now, &mut problems);
        problems.into_result(poll)
    }
}

/// A category of blanks is none.
pub(super) fn normalize_category(category: Option<String>) -> Option<String> {
    category
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// What is wrong with a poll's texts, options and rules.
pub(super) fn check_definition(poll: &Poll) -> InvalidPoll {
    let mut problems = InvalidPoll::default();
    check_text(&mut problems, "title", &poll.title, 1, TITLE_MAX, false);
    check_text(
        &mut problems,
        "description",
        &poll.description,
        0,
        DESCRIPTION_MAX,
        true,
    );
    if let Some(category) = &poll.category {
        check_text(&mut problems, "category", category, 1, CATEGORY_MAX, false);
    }
    check_options(&mut problems, &poll.options);
    if let BallotKind::Multiple { min, max } = poll.rules.ballot {
        let options = u32::try_from(poll.options.len()).unwrap_or(u32::MAX);
        if min == 0 {
            problems.add("ballot.min", "must be at least 1");
        }
        if max < min {
            problems.add("ballot.max", "must not be less than ballot.min");
        }
        if max > options {
            problems.add(
                "ballot.max",
                format!("must be at most the number of options, {options}"),
            );
        }
    }
    if let Some(quota) = poll.rules.address_quota {
        quota.check(&mut problems);
    }
    problems
}

/// What is wrong with a poll's end, if it was set at `now`.
pub(super) fn check_closing_time(poll: &Poll, now: Timestamp, problems: &mut InvalidPoll) {
    let Some(end) = poll.closes_at else { return };
    if end <= now {
        problems.add("closes_at", "must be in the future");
    } else if end <= poll.opens_at {
        problems.add("closes_at", "must be later than opens_at");
    }
}

fn check_options(problems: &mut InvalidPoll, options: &[PollOption]) {
    if !(OPTIONS_MIN..=OPTIONS_MAX).contains(&options.len()) {
        problems.add(
            "options",
            format!(
                "must be {OPTIONS_MIN} to {OPTIONS_MAX}, not {}",
                options.len()
            ),
        );
        return;
    }
    for (index, option) in options.iter().enumerate() {
        let field = format!("options[{index}]");
        check_text(problems, &field, &option.text, 1, OPTION_TEXT_MAX, false);
        if let Some(twin) = options[..index]
            .iter()
            .position(|other| other.text == option.text)
        {
            problems.add(field, format!("says the same as options[{twin}]"));
        }
    }
}

fn check_text(
    problems: &mut InvalidPoll,
    field: &str,
    text: &str,
    min: usize,
    max: usize,
    lines: bool,
) {
    let length = text.chars().count();
    if length < min {
        problems.add(field, "must not be empty");
    } else if length > max {
        problems.add(
            field,
            format!("must be at most {max} characters, not {length}"),
        );
    }
    if text
        .chars()
        .any(|c| c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t')))
    {
        problems.add(field, "must not contain control characters");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::AddressQuota;

    fn now() -> Timestamp {
        Timestamp::from_micros(1_000_000).unwrap()
    }

    fn poll(draft: PollDraft) -> Result<Poll, InvalidPoll> {
        draft.into_poll(PollId::generate(now()), now(), &Keyring::ephemeral())
    }

    fn fields(draft: PollDraft) -> Vec<String> {
        poll(draft)
            .unwrap_err()
            .0
            .into_iter()
            .map(|problem| problem.field)
            .collect()
    }

    #[test]
    fn a_title_and_two_options_are_enough() {
        let poll = poll(PollDraft::single_choice("  Lunch? ", [" Pizza", "Sushi"])).unwrap();
        assert_eq!(poll.title, "Lunch?");
        assert_eq!(poll.options[0].text, "Pizza");
        assert_eq!(
            (poll.opens_at, poll.closes_at, poll.version),
            (now(), None, 0)
        );
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let mut draft = PollDraft::multiple_choice(" ", ["a", " a ", "", "x\0y"], 0, 9);
        draft.description = "d".repeat(DESCRIPTION_MAX + 1);
        draft.closes_at = Some(now());
        draft.rules.address_quota = Some(AddressQuota {
            ballots: 0,
            ipv4_prefix: 16,
        });
        assert_eq!(
            fields(draft),
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
            fields(PollDraft::single_choice(
                "ß".repeat(TITLE_MAX + 1),
                ["a", "b"]
            )),
            ["title"]
        );
        assert_eq!(
            fields(PollDraft::single_choice(
                "t",
                (0..101).map(|n| n.to_string())
            )),
            ["options"]
        );
    }

    #[test]
    fn the_end_comes_after_the_beginning() {
        let mut draft = PollDraft::single_choice("t", ["a", "b"]);
        draft.opens_at = Timestamp::from_micros(5_000_000).ok();
        draft.closes_at = Timestamp::from_micros(4_000_000).ok();
        assert_eq!(fields(draft), ["closes_at"]);
    }
}
