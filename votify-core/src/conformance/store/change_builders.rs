//! Builders of poll changes.

use crate::conformance::store::builders::at;
use crate::poll::{BallotKind, OptionChange, Poll, PollChange, PollOption, ResultsPolicy};
use crate::voter::VoterPolicy;

/// Returns a change that sets only these fields.
pub(crate) fn change_with(set: impl FnOnce(&mut PollChange)) -> PollChange {
    let mut change = PollChange::default();
    set(&mut change);
    change
}

/// Keeps an option, with another text if given.
pub(crate) fn keep_option(option: &PollOption, text: Option<&str>) -> OptionChange {
    OptionChange::Keep {
        id: option.id,
        text: text.map(str::to_owned),
    }
}

/// Returns one change for each field that the first ballot freezes, with the field's
/// name.
pub(crate) fn frozen_changes(poll: &Poll) -> Vec<(&'static str, PollChange)> {
    let mut fewer: Vec<_> = poll
        .options
        .iter()
        .map(|option| keep_option(option, None))
        .collect();
    let mut turned = fewer.clone();
    turned.reverse();
    fewer.pop();
    vec![
        (
            "options",
            change_with(|change| change.options = Some(fewer)),
        ),
        (
            "options",
            change_with(|change| change.options = Some(turned)),
        ),
        (
            "ballot",
            change_with(|change| change.ballot = Some(BallotKind::Multiple { min: 1, max: 2 })),
        ),
        (
            "voters",
            change_with(|change| change.voters = Some(VoterPolicy::Ip)),
        ),
        (
            "results",
            change_with(|change| change.results = Some(ResultsPolicy::AfterClose)),
        ),
        (
            "revote",
            change_with(|change| change.revote = Some(!poll.rules.revote)),
        ),
        (
            "opens_at",
            change_with(|change| change.opens_at = Some(Some(at(2)))),
        ),
        (
            "category",
            change_with(|change| change.category = Some(Some("food".into()))),
        ),
    ]
}
