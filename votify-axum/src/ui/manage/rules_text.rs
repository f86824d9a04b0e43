use votify_core::{Poll, ResultsPolicy, VoterPolicy};

use crate::ui::moment::Moment;
use crate::ui::poll::wording::choose;
use crate::ui::times::plural;

/// A rule of a poll in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) label: &'static str,
    pub(super) text: String,
    /// The time that the text is about.
    pub(super) time: Option<Moment>,
}

impl Fact {
    fn new(label: &'static str, text: impl Into<String>) -> Self {
        Self {
            label,
            text: text.into(),
            time: None,
        }
    }
}

/// Returns what the first vote freezes, in the order of the form to create a poll.
pub(super) fn rules(poll: &Poll, is_closed: bool) -> Vec<Fact> {
    let rules = &poll.rules;
    let mut facts = vec![
        Fact::new(
            "Options",
            match is_closed {
                true => options(poll),
                false => format!("{}; only their texts can change", options(poll)),
            },
        ),
        Fact::new("Who can vote", voters(rules.voters)),
    ];
    if let Some(quota) = rules.address_quota {
        let network = if quota.ipv4_prefix == 24 {
            "256 neighbouring addresses"
        } else {
            "one address"
        };
        let votes = plural(quota.ballots.into(), "vote");
        facts.push(Fact::new(
            "Most votes from one network",
            format!("{votes} from {network}"),
        ));
    }
    if let Some(time) = poll.opens_at {
        facts.push(Fact {
            time: Some(time.into()),
            ..Fact::new("Opens", "")
        });
    }
    facts.extend([
        Fact::new("Results", results(rules.results)),
        Fact::new("Ballot", choose(poll)),
        Fact::new(
            "Changing a vote",
            if rules.revote {
                "Voters may change and withdraw their vote"
            } else {
                "Votes are final"
            },
        ),
    ]);
    if let Some(category) = &poll.category {
        facts.push(Fact::new("Category", category));
    }
    facts
}

fn options(poll: &Poll) -> String {
    plural(
        u64::try_from(poll.options.len()).unwrap_or(u64::MAX),
        "option",
    )
}

const fn voters(voters: VoterPolicy) -> &'static str {
    match voters {
        VoterPolicy::Ip => "One vote per internet address",
        VoterPolicy::Account => "One vote per account",
        VoterPolicy::Invite => "One vote per invite code",
        _ => "One vote per browser",
    }
}

const fn results(results: ResultsPolicy) -> &'static str {
    match results {
        ResultsPolicy::AfterVote => "Shown after voting",
        ResultsPolicy::AfterClose => "Shown when the poll is closed",
        _ => "Live, for everybody",
    }
}

#[cfg(test)]
mod tests {
    use votify_core::poll::AddressQuota;
    use votify_core::{BallotKind, Keyring, PollDraft, PollId, Timestamp};

    use super::*;

    #[test]
    fn every_frozen_rule_is_named() {
        let mut draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi", "Soup"]);
        draft.category = Some("food".to_owned());
        draft.rules.ballot = BallotKind::Multiple { min: 1, max: 2 };
        draft.rules.voters = VoterPolicy::Invite;
        draft.rules.address_quota = Some(AddressQuota {
            ballots: 5,
            ipv4_prefix: 24,
        });
        draft.opens_at = Some(Timestamp::EPOCH);
        let now = Timestamp::EPOCH;
        let poll = draft.into_poll(PollId::generate(now), now, &Keyring::ephemeral());
        let facts = rules(&poll.unwrap(), false);
        let labels: Vec<_> = facts.iter().map(|fact| fact.label).collect();
        assert_eq!(
            labels,
            [
                "Options",
                "Who can vote",
                "Most votes from one network",
                "Opens",
                "Results",
                "Ballot",
                "Changing a vote",
                "Category",
            ]
        );
        assert_eq!(facts[2].text, "5 votes from 256 neighbouring addresses");
        assert_eq!(facts[5].text, "Choose up to 2 options");
    }
}
