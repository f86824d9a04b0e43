//! Changes that a case asks for.

use crate::conformance::store::paper::at;
use crate::poll::{BallotKind, OptionChange, Poll, PollChange, PollOption, ResultsPolicy};
use crate::voter::VoterPolicy;

/// A change of nothing but this.
pub(crate) fn only(set: impl FnOnce(&mut PollChange)) -> PollChange {
    let mut change = PollChange::default();
    set(&mut change);
    change
}

/// An option that stays, perhaps with another text.
pub(crate) fn keep(option: &PollOption, text: Option<&str>) -> OptionChange {
    OptionChange::Keep {
        id: option.id,
        text: text.map(str::to_owned),
    }
}

/// One change for each thing that the first ballot freezes, with the thing's name.
pub(crate) fn frozen(poll: &Poll) -> Vec<(&'static str, PollChange)> {
    let mut fewer: Vec<_> = poll
        .options
        .iter()
        .map(|option| keep(option, None))
        .collect();
    let mut turned = fewer.clone();
    turned.reverse();
    fewer.pop();
    vec![
        ("options", only(|change| change.options = Some(fewer))),
        ("options", only(|change| change.options = Some(turned))),
        (
            "ballot",
            only(|change| change.ballot = Some(BallotKind::Multiple { min: 1, max: 2 })),
        ),
        (
            "voters",
            only(|change| change.voters = Some(VoterPolicy::Ip)),
        ),
        (
            "results",
            only(|change| change.results = Some(ResultsPolicy::AfterClose)),
        ),
        (
            "revote",
            only(|change| change.revote = Some(!poll.rules.revote)),
        ),
        ("opens_at", only(|change| change.opens_at = Some(at(2)))),
        (
            "category",
            only(|change| change.category = Some(Some("food".into()))),
        ),
    ]
}
